"""What a `Lease` says, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil

from warmpool_operator.runtime.kube import Manifest
from warmpool_operator.runtime.resources import LEASES, ObjectRef


@dataclass(frozen=True)
class LeaseRecord:
    """The holder of a lease and since when; times are of the holder's clock, for people only.

    Attributes:
        holder: Identity of the holder, `""` where the lease is free.
        duration: Seconds that others wait after they saw this record appear.
        acquired: When the holder took it (RFC 3339).
        renewed: When the holder last renewed it (RFC 3339).
        transitions: How often the holder changed.
        resource_version: Version of the object it was read from; `""` before it exists.
    """

    holder: str
    duration: int
    acquired: str
    renewed: str
    transitions: int
    resource_version: str = ""

    @classmethod
    def first(cls, holder: str, duration: float) -> LeaseRecord:
        """The record of a lease that does not exist yet."""
        now = _now()
        return cls(holder, ceil(duration), now, now, 0)

    @classmethod
    def read(cls, lease: Manifest) -> LeaseRecord:
        """Reads the record of an object; what is absent counts as a free lease."""
        spec = lease.get("spec") or {}
        return cls(
            holder=spec.get("holderIdentity") or "",
            duration=spec.get("leaseDurationSeconds") or 1,
            acquired=spec.get("acquireTime") or "",
            renewed=spec.get("renewTime") or "",
            transitions=spec.get("leaseTransitions") or 0,
            resource_version=(lease.get("metadata") or {}).get("resourceVersion", ""),
        )

    def held_by(self, identity: str, duration: float) -> LeaseRecord:
        """The record after `identity` took or renewed the lease now."""
        now = _now()
        if self.holder == identity:
            return replace(self, duration=ceil(duration), renewed=now)
        return replace(
            self,
            holder=identity,
            duration=ceil(duration),
            acquired=now,
            renewed=now,
            transitions=self.transitions + 1,
        )

    def released(self) -> LeaseRecord:
        """The record after its holder gave the lease back; the count of transitions stays."""
        return replace(self, holder="", duration=1, renewed=_now())

    def manifest(self, ref: ObjectRef) -> Manifest:
        """The object to write; it carries the version read, so that a change in between is a conflict."""
        metadata = {"namespace": ref.namespace, "name": ref.name}
        if self.resource_version:
            metadata["resourceVersion"] = self.resource_version
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": metadata,
            "spec": {
                "holderIdentity": self.holder,
                "leaseDurationSeconds": self.duration,
                "acquireTime": self.acquired or self.renewed,
                "renewTime": self.renewed,
                "leaseTransitions": self.transitions,
            },
        }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
