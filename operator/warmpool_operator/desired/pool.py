"""The pool as the builders see it: identity, spec, and the two things they need from the operator."""

from dataclasses import dataclass
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.api.pool import PoolSpec

Manifest = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """One `WarmModelPool`, parsed.

    Attributes:
        namespace: its namespace, and that of every child.
        name: its name, and that of every child.
        uid: identity; children carry it in their owner reference.
        generation: of the spec.
        spec: validated.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    spec: PoolSpec

    @property
    def hands_off(self) -> bool:
        """Whether nothing of it may be written but the status."""
        return self.spec.paused or self.spec.mode == "Observe"

    @property
    def selector(self) -> dict[str, str]:
        """Labels that find the pods; immutable in a Deployment, so nothing of the user's is in here."""
        return {names.LABEL_POOL: self.name, names.LABEL_COMPONENT: names.COMPONENT_SERVER}

    @property
    def labels(self) -> dict[str, str]:
        """Labels of every child."""
        return {
            **self.selector,
            names.LABEL_NAME: names.APP,
            names.LABEL_INSTANCE: self.name,
            names.LABEL_MANAGED_BY: names.MANAGER,
        }

    def metadata(self, *, annotations: dict[str, str] | None = None) -> Manifest:
        """Return the metadata of a child: name, labels, and the owner reference that garbage-collects it."""
        metadata: Manifest = {
            "name": self.name,
            "namespace": self.namespace,
            "labels": self.labels,
            "ownerReferences": [self.owner_reference],
        }
        return metadata | ({"annotations": annotations} if annotations else {})

    @property
    def owner_reference(self) -> Manifest:
        """The reference that makes the pool the controller of a child."""
        return {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "name": self.name,
            "uid": self.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }


def selector_string(pool: Pool) -> str:
    """Return the pool's selector as `status.selector` and list calls write it."""
    return ",".join(f"{key}={value}" for key, value in sorted(pool.selector.items()))


def controller_uid(manifest: Manifest) -> str | None:
    """Return the uid of the object that controls `manifest`, or None."""
    owners = manifest.get("metadata", {}).get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), None)
