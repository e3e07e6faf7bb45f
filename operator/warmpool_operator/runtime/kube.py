"""The few calls to the API server that the operator makes, as a protocol.

Objects are plain dictionaries: what a manifest says is the business of who builds it. Every write
names its field manager. Absence is a value (`None`, `False`), never an exception, on `get`,
`get_scale` and `delete`; everything else that fails raises an error of `errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from warmpool_operator.runtime.resources import ObjectRef, Resource

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Scale:
    """The `/scale` subresource of a workload.

    Attributes:
        replicas: Wanted number of pods, `spec.replicas`.
        resource_version: Version of the object that this was read from.
        current: Number of pods that exist, `status.replicas`.
        selector: Label selector of the pods, as a string.
    """

    replicas: int
    resource_version: str
    current: int = 0
    selector: str = ""


class KubeClient(Protocol):
    """Calls to the API server; each returns within the client's request time-out or raises.

    All methods raise `Forbidden`, `Invalid`, `Conflict`, `NotFound` or `Transient` (see `errors`)
    unless they say otherwise.
    """

    async def get(self, ref: ObjectRef) -> Manifest | None:
        """Reads one object; None where it does not exist.

        Raises:
            NotFound: The server does not know the kind (reason `UnknownKind`).
        """

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> list[Manifest]:
        """Reads all objects of a kind, page by page.

        Args:
            resource: The kind.
            namespace: None for all namespaces.
            labels: Label selector such as `a=b,c in (d,e)`.
            fields: Field selector such as `reason=Pulled`.
        """

    async def apply(
        self, resource: Resource, manifest: Manifest, *, manager: str, force: bool = True
    ) -> Manifest:
        """Server-side apply: creates the object or makes the manager's fields what the manifest says.

        Raises:
            Conflict: Another manager owns a field and `force` is False, or a `resourceVersion`
                in the manifest is stale.
        """

    async def apply_status(self, resource: Resource, manifest: Manifest, *, manager: str) -> Manifest:
        """Server-side apply of the status subresource, forced.

        Raises:
            NotFound: The object is gone; a status never creates its object.
        """

    async def get_scale(self, ref: ObjectRef) -> Scale | None:
        """Reads `/scale`; None where the object does not exist."""

    async def set_scale(self, ref: ObjectRef, replicas: int, *, resource_version: str, manager: str) -> Scale:
        """Writes `/scale`, provided that the object is still at `resource_version`.

        Raises:
            Conflict: The object changed since.
        """

    async def delete(self, ref: ObjectRef, *, uid: str) -> bool:
        """Deletes the object that has this uid; dependants follow in the background.

        Returns:
            False where that object is gone already, also where another one took its name.
        """

    async def merge_patch(self, ref: ObjectRef, patch: Manifest, *, manager: str) -> Manifest:
        """Applies a JSON merge patch (RFC 7386); a null removes a field."""

    async def create(
        self, resource: Resource, namespace: str, manifest: Manifest, *, manager: str
    ) -> Manifest:
        """Creates an object.

        Raises:
            Conflict: It exists already (reason `AlreadyExists`).
        """

    async def replace(self, ref: ObjectRef, manifest: Manifest) -> Manifest:
        """Replaces an object, provided that `metadata.resourceVersion` of the manifest is current.

        Raises:
            Conflict: The object changed since.
        """

    async def through_proxy(self, ref: ObjectRef, path: str, query: Mapping[str, str]) -> Manifest:
        """Asks a pod for a JSON object, through the API server and with the caller's rights.

        Args:
            ref: the pod, its name followed by `:PORT`.
            path: what to ask for, without a slash in front.
            query: parameters.

        Raises:
            NotFound: no such pod, or the pod says 404.
        """

    async def server_version(self) -> str:
        """The API server's `gitVersion`, such as `v1.34.1`."""
