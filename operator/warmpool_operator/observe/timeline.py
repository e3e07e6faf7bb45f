"""Where the time of a start went: milestones, the pod's own phases and the kubelet's pull, on one axis.

The phases add up to the time from the first sight of the pod until it was Ready. Milestones that come late are
bounded by those that are exact: the pod says how long its process has lived, which dates its beginning by this
operator's clock, and the kubelet says how long it pulled. It tells of a running container up to a second after it
runs, and of a sandbox only once it has also pulled and started the first container (seen with kubelet 1.34).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.api.names import PHASES, Phase
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.milestones import Milestones

Manifest = Mapping[str, Any]
PULLED = "Pulled"
_PULL_TIME = re.compile(
    r"[Ss]uccessfully pulled image .*? in ([0-9a-zµ.]+) \(([0-9a-zµ.]+) including waiting\)"
)
_PART = re.compile(r"([0-9.]+)(ms|µs|us|ns|h|m|s)")
_UNIT_MS = {
    "h": 3_600_000.0,
    "m": 60_000.0,
    "s": 1000.0,
    "ms": 1.0,
    "us": 0.001,
    "µs": 0.001,
    "ns": 0.000_001,
}
_SERVER_PATH = f"spec.containers{{{names.CONTAINER}}}"


def phases_of(
    milestones: Milestones, report: LoadReport | None, *, pull_ms: int, fetches: bool
) -> tuple[tuple[str, int], ...]:
    """Return (phase, milliseconds) of a start that is over, in order, without phases that do not occur.

    Args:
        milestones: of the pod; `ready_ms` is known.
        report: what the pod says; None for a server that tells nothing of itself: its start is one phase.
        pull_ms: how long the kubelet pulled the server's image.
        fetches: whether init containers bring the model.
    """
    end = milestones.ready_ms or milestones.seen_ms
    scheduled = _between(milestones.seen_ms, milestones.scheduled_ms, end)
    began_ms = report.began_ms if report is not None else None
    began = _between(scheduled, milestones.running_ms if began_ms is None else began_ms, end)
    pull = min(pull_ms, began - scheduled)
    sandbox = _between(scheduled, milestones.sandbox_ms, began - pull)
    fetched = _between(sandbox, milestones.initialized_ms if fetches else None, began - pull)
    found = {
        Phase.SCHEDULED: scheduled - milestones.seen_ms,
        Phase.SANDBOX: sandbox - scheduled,
        Phase.MODEL_FETCH: fetched - sandbox,
        Phase.IMAGE_PULL: pull,
        Phase.CONTAINER: began - fetched - pull,
    }
    own = dict(report.phases_ms) if report is not None else {}
    if own:
        found |= own
        found[Phase.READY] = max(0, end - began - sum(own.values()))
    else:
        found[Phase.LOAD] = end - began
    return tuple((phase, found[phase]) for phase in PHASES if found.get(phase))


def pull_ms_of(events: Iterable[Manifest], *, uid: str) -> int:
    """Return how long the kubelet pulled the image of a pod's server, 0 where it was on the node already.

    Args:
        events: `Pulled` events. The kubelet tells the time with and without waiting for other pulls; a start waits
            for both.
        uid: of the pod.
    """
    longest = 0
    for event in events:
        about = event.get("regarding") or {}
        ours = about.get("uid") == uid and about.get("fieldPath") == _SERVER_PATH
        if ours and (found := _PULL_TIME.search(str(event.get("note", "")))):
            longest = max(longest, _milliseconds(found[2]))
    return longest


def _between(low: int, value: int | None, high: int) -> int:
    """Return the value within bounds; what is not known took no time."""
    return low if value is None else max(low, min(value, high))


def _milliseconds(duration: str) -> int:
    """Read a duration as Go writes it: `1m2.5s`, `850ms`."""
    return round(sum(float(number) * _UNIT_MS[unit] for number, unit in _PART.findall(duration)))
