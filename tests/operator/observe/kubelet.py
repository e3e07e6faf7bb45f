"""Pod objects as a kubelet writes them, with a server in any state."""

from typing import Any

SCHEDULED = {"type": "PodScheduled", "status": "True"}


def pod(
    *, container: dict[str, Any] | None = None, conditions: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    status: dict[str, Any] = {
        "phase": "Pending",
        "conditions": conditions if conditions is not None else [SCHEDULED],
    }
    if container is not None:
        status["containerStatuses"] = [
            {"name": "sidecar", "state": {"running": {}}, "started": True},
            {"name": "server", "image": "some/image:1", **container},
        ]
    return {"metadata": {"name": "p", "uid": "u"}, "status": status}


def waiting(reason: str, **more: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": "as the kubelet says"}}, **more}
