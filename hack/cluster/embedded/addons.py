"""Objects that the embedded cluster starts with: access for the API server and for metrics-server."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from hack.cluster.embedded.client import ApiClient
from hack.cluster.embedded.network import METRICS_PORT, NODE_ADDRESS
from hack.cluster.embedded.pki import IDENTITIES

Object = Mapping[str, object]

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_RBAC_VERSION = "rbac.authorization.k8s.io/v1"
_METRICS = "system:metrics-server"


def apply_addons(client: ApiClient, *, authority: Path) -> None:
    """Apply all objects; applying them again changes nothing.

    Args:
        client: The API server.
        authority: Certificate that metrics-server's own was signed with.
    """
    for path, manifest in addons(base64.b64encode(authority.read_bytes()).decode()):
        client.apply(path, manifest)


def addons(authority: str) -> Sequence[tuple[str, Object]]:
    """Pairs of path and object; `authority` is the certificate of the authority in base64."""
    kubelet_client = IDENTITIES["apiserver-kubelet-client"].user
    return [
        cluster_binding("warmpool:kubelet-api", "system:kubelet-api-admin", kubelet_client),
        cluster_role(
            _METRICS,
            [
                {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
                {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]},
            ],
        ),
        cluster_binding(_METRICS, _METRICS, _METRICS),
        cluster_binding("metrics-server:system:auth-delegator", "system:auth-delegator", _METRICS),
        _authentication_reader(),
        *_metrics_service(),
        _api_service(authority),
    ]


def cluster_role(name: str, rules: Sequence[Object]) -> tuple[str, Object]:
    """Path and object of a ClusterRole."""
    manifest = {
        "apiVersion": _RBAC_VERSION,
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": list(rules),
    }
    return f"{_RBAC}/clusterroles/{name}", manifest


def cluster_binding(name: str, role: str, user: str) -> tuple[str, Object]:
    """Path and object of a binding that gives a user a ClusterRole."""
    manifest = {
        "apiVersion": _RBAC_VERSION,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": _reference("ClusterRole", role),
        "subjects": [_subject(user)],
    }
    return f"{_RBAC}/clusterrolebindings/{name}", manifest


def _authentication_reader() -> tuple[str, Object]:
    name = "metrics-server-auth-reader"
    manifest = {
        "apiVersion": _RBAC_VERSION,
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": "kube-system"},
        "roleRef": _reference("Role", "extension-apiserver-authentication-reader"),
        "subjects": [_subject(_METRICS)],
    }
    return f"{_RBAC}/namespaces/kube-system/rolebindings/{name}", manifest


def _reference(kind: str, name: str) -> Object:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


def _subject(user: str) -> Object:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}


def _metrics_service() -> Sequence[tuple[str, Object]]:
    metadata = {"name": "metrics-server", "namespace": "kube-system"}
    service: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"port": 443, "targetPort": METRICS_PORT}]},
    }
    # No selector: the endpoint is a process of the host.
    endpoints: Object = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": "metrics-server"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [NODE_ADDRESS], "conditions": {"ready": True}}],
        "ports": [{"port": METRICS_PORT, "protocol": "TCP", "name": ""}],
    }
    return [
        ("/api/v1/namespaces/kube-system/services/metrics-server", service),
        ("/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/metrics-server", endpoints),
    ]


def _api_service(authority: str) -> tuple[str, Object]:
    name = "v1beta1.metrics.k8s.io"
    manifest = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": name},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "caBundle": authority,
            "service": {"name": "metrics-server", "namespace": "kube-system"},
        },
    }
    return f"/apis/apiregistration.k8s.io/v1/apiservices/{name}", manifest
