"""The systems that are compared, each as its documentation advises; all with one image, floor and ceiling.

The pods pretend: a load of 8 s, four requests at once, 300 ms each, of which 3 ms are spent on a core, so that CPU
is in proportion to what is computed. A pod requests what a full pod uses, so a full pod is at 100 % for the HPA,
as a server is that computes on a core of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Manifest = dict[str, Any]

APP: Final = "burst"
IMAGE: Final = "warmpool/serving:burst"
FLOOR, CEILING = 2, 12
CONCURRENCY, SERVICE_MS, LOAD_SECONDS, BUSY_MS = 4, 300, 8, 3
LATENCY_TARGET_MS: Final = 1000
NO_BOUND_MS: Final = 3_600_000
"""As a latency target: a queue in which an hour of work may wait, which is no bound at all."""
STATIC_PODS: Final = 10
"""The peak of 90 requests a second keeps 27 of 40 slots busy: 68 %."""
CPU_PERCENT: Final = 50
IN_FLIGHT_PERCENT: Final = 70
"""Of a pod's slots: what KEDA aims at, as Knative does by default."""
ANNOUNCED: Final = {
    "name": "announced",
    "start": "0 0 * * *",
    "timeZone": "UTC",
    "durationSeconds": 180,
    "minReplicas": 8,
    "lead": 15,
}
"""A window that begins when the load changes: in the simulator, that is midnight."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One system.

    Attributes:
        name: as figures call it.
        scaling: of a pool of warmpool's, beside floor and ceiling; None: a plain Deployment.
        replicas: of a plain Deployment.
        scaler: what scales a plain Deployment: an HPA on CPU, or KEDA on requests in flight.
        bounded: whether its servers bound their queue.
        load_seconds: how long its pods load.
        latency_target_ms: what bounds the queue, where it is bounded.
        announced: whether it is told when the load will change; only the simulator makes that midnight.
    """

    name: str
    scaling: Mapping[str, Any] | None = None
    replicas: int = FLOOR
    scaler: Literal["hpa", "keda"] | None = None
    bounded: bool = True
    load_seconds: int = LOAD_SECONDS
    latency_target_ms: int = LATENCY_TARGET_MS
    announced: bool = False

    @property
    def at_rest(self) -> int:
        """Pods before the first request: floor or buffer, whichever is more."""
        if self.scaling is None:
            return self.replicas
        floor = int(self.scaling.get("minReplicas", FLOOR))
        return max(floor, int(self.scaling.get("concurrencyBuffer", 0)))


SYSTEMS: Mapping[str, System] = {
    each.name: each
    for each in (
        System(name="hpa_cpu", scaler="hpa", bounded=False),
        System(name="hpa_cpu_bounded", scaler="hpa"),
        System(name="keda", scaler="keda", bounded=False),
        System(name="static", replicas=STATIC_PODS),
        System(name="ours_b0", scaling={}),
        System(name="ours_b2", scaling={"concurrencyBuffer": 2}),
        System(name="ours_p20", scaling={"concurrencyBufferPercent": 20}),
        System(name="ours", scaling={}),
        System(name="ours_sched", scaling={"schedules": [ANNOUNCED]}, announced=True),
        # For clients that wait 10 s and come back when they are told to: a start within that time.
        System(name="ours_b0_load4", scaling={}, load_seconds=4, latency_target_ms=2000),
    )
}


SIZED: Final[Mapping[str, Manifest]] = {
    "step": {"concurrencyBuffer": 6, "keepAliveSeconds": 15},
    "step_retry": {"concurrencyBuffer": 6, "keepAliveSeconds": 15},
    "step_long": {"concurrencyBuffer": 6, "keepAliveSeconds": 15},
    "ramp": {"concurrencyBuffer": 2, "keepAliveSeconds": 15},
    "spikes": {"minReplicas": 8, "keepAliveSeconds": 15},
    "trace": {"minReplicas": 7, "keepAliveSeconds": 15},
    "diurnal": {"minReplicas": 7, "keepAliveSeconds": 15},
}
"""`ours` in each scenario: the cheapest that `python -m bench.burst size` finds, and one pod more.

One more, because 5 were once enough for the simulator's steps and had 0.00 % and 1.28 % errors in two real runs.
The steps are sized with a buffer, not a floor: a floor does not follow the load, and `step_long` pays for it; what
the simulator asks for them is between 5 and 6, by the start-ups that were measured.
"""


def system_in(name: str, scenario: str) -> System:
    """Return a system as it is configured for a scenario: only `ours` differs between scenarios."""
    system = SYSTEMS[name]
    return replace(system, scaling=SIZED[scenario]) if name == "ours" else system
