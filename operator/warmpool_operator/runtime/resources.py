"""Kinds of objects and references to objects, as values.

A `Resource` says how a kind is addressed on the wire; an `ObjectRef` names one object. Both are
hashable, so that they can be keys, and neither knows what the objects mean.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resource:
    """How one kind is addressed at the API server.

    Attributes:
        group: API group, `""` for the core group.
        version: API version such as `v1`.
        plural: Plural name as it stands in URLs.
        kind: Kind as it stands in manifests.
        namespaced: False for kinds that live outside of namespaces.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The `apiVersion` of a manifest of this kind."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """The URL path of the collection, or of one object when a name is given.

        Args:
            namespace: Needed for one object of a namespaced kind; None addresses all namespaces.
            name: Object name.
            subresource: `status` or `scale`, for one object.

        Raises:
            ValueError: The namespace does not fit the kind.
        """
        if namespace and not self.namespaced:
            raise ValueError(f"{self.kind} is not namespaced, yet a namespace was given: {namespace}")
        if self.namespaced and name and not namespace:
            raise ValueError(f"{self.kind} {name} needs a namespace")
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/" + "/".join(parts)


@dataclass(frozen=True)
class ObjectRef:
    """Names one object. `namespace` is `""` for kinds outside of namespaces."""

    resource: Resource
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.resource.kind} {where}{self.name}"

    def path(self, subresource: str = "") -> str:
        """The URL path of the object or of one of its subresources."""
        return self.resource.path(self.namespace or None, self.name, subresource)


DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
HPAS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
SERVICES = Resource("", "v1", "services", "Service")
INGRESSES = Resource("networking.k8s.io", "v1", "ingresses", "Ingress")
PDBS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
PODS = Resource("", "v1", "pods", "Pod")
EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
ENDPOINTSLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
