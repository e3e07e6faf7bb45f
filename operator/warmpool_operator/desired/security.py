"""What every container of a pool has: the restricted Pod Security standard, a writable /tmp, amounts as text."""

from typing import Final

from warmpool_operator.api.server import Resources
from warmpool_operator.desired.pool import Manifest

TMP_VOLUME: Final = "tmp"


def tmp_mount() -> Manifest:
    """Return the mount of the volume for temporary files: the root file system is read-only."""
    return {"name": TMP_VOLUME, "mountPath": "/tmp"}  # noqa: S108 - a volume of the pod


def container_security() -> Manifest:
    """Return the security context that the restricted Pod Security standard asks of a container."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def resources(wish: Resources) -> Manifest:
    """Return requests and limits; quantities as text, which is how they come back."""
    kinds = {"requests": wish.requests, "limits": wish.limits}
    return {
        kind: {name: str(value) for name, value in amounts.items()}
        for kind, amounts in kinds.items()
        if amounts
    }
