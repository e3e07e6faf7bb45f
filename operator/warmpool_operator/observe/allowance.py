"""What a pod's spec allows its server: memory, and the time that its probes give it to start."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.desired.consistency import probe_seconds

Manifest = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """Read from the pod, not from the pool: an overlay may have changed it.

    Attributes:
        startup_seconds: period times failureThreshold of the startup probe; None without one.
        liveness_seconds: after how long a liveness probe that fails from the start ends the server, None where a
            startup probe holds it back or there is none.
        grace: seconds that the server gets to end once told to.
        memory: its memory limit as written, None without one.
        requests: what the scheduler must find, by resource, of the server's container.
    """

    startup_seconds: int | None
    liveness_seconds: int | None
    grace: int
    memory: str | None
    requests: Mapping[str, str]

    def out_of_time(self, terminated: Manifest) -> bool:
        """Whether a container ended because it did not start in time."""
        return _ended_by_probe(terminated, self.startup_seconds, self.grace)

    def out_of_patience(self, terminated: Manifest) -> bool:
        """Whether a container ended because a liveness probe did not wait for its start."""
        return _ended_by_probe(terminated, self.liveness_seconds, self.grace)


NOTHING = Allowance(startup_seconds=None, liveness_seconds=None, grace=0, memory=None, requests={})
"""Of an init container: its pod's server has not begun."""


def allowance(pod: Manifest) -> Allowance:
    """Return what a live pod allows its server."""
    spec = pod.get("spec") or {}
    servers = (each for each in spec.get("containers") or [] if each["name"] == names.CONTAINER)
    server: Manifest = next(servers, {})
    startup, liveness = probe_seconds(server.get("startupProbe")), probe_seconds(server.get("livenessProbe"))
    resources = server.get("resources") or {}
    return Allowance(
        startup_seconds=startup,
        liveness_seconds=liveness if startup is None else None,
        grace=spec.get("terminationGracePeriodSeconds", 30),
        memory=(resources.get("limits") or {}).get("memory"),
        requests=resources.get("requests") or {},
    )


def _ended_by_probe(terminated: Manifest, seconds: int | None, grace: int) -> bool:
    """Whether an end looks like the kubelet's, `seconds` after the start.

    The kubelet does not say so in the status. What tells is an end by its signals, or by obeying them, when the
    time was over; times are whole seconds and the first probe comes at once, hence the margins.
    """
    times = terminated.get("startedAt"), terminated.get("finishedAt")
    if seconds is None or None in times or terminated.get("exitCode") not in {0, 137, 143}:
        return False
    began, ended = (datetime.fromisoformat(str(time)) for time in times)
    ran = (ended - began).total_seconds()
    return seconds - 2 <= ran <= seconds + grace + 5
