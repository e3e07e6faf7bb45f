"""When this operator saw a pod pass each milestone of its start.

Times in Pod objects have whole seconds and the clocks of other machines; a watch event is here within
milliseconds. So every milestone is the arrival of the first event that shows it, by one clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from warmpool_operator.api import names

CONDITIONS = {
    "PodScheduled": "scheduled_ms",
    "PodReadyToStartContainers": "sandbox_ms",
    "Initialized": "initialized_ms",
    "Ready": "ready_ms",
}
"""Conditions of a pod whose turning True is a milestone."""


@dataclass(frozen=True, kw_only=True)
class Milestones:
    """Milliseconds since the epoch; None for what has not been seen.

    Attributes:
        seen_ms: first sight of the pod.
        scheduled_ms: it has a node.
        sandbox_ms: its network and volumes are there.
        initialized_ms: its init containers are done.
        running_ms: the server's container runs, as far as the kubelet has told.
        ready_ms: it is Ready.
    """

    seen_ms: int
    scheduled_ms: int | None = None
    sandbox_ms: int | None = None
    initialized_ms: int | None = None
    running_ms: int | None = None
    ready_ms: int | None = None


def passed(pod: Mapping[str, Any], before: Milestones | None, *, now_ms: int) -> Milestones:
    """Return the milestones of a pod with those that its newest version shows for the first time."""
    known = before or Milestones(seen_ms=now_ms)
    status = pod.get("status") or {}
    true = {each["type"] for each in status.get("conditions") or [] if each["status"] == "True"}
    shown = [name for kind, name in CONDITIONS.items() if kind in true]
    containers = status.get("containerStatuses") or []
    if any(each["name"] == names.CONTAINER and "running" in (each.get("state") or {}) for each in containers):
        shown.append("running_ms")
    return replace(known, **{name: now_ms for name in shown if getattr(known, name) is None})
