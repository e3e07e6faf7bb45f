"""The systems that are compared, each as its documentation advises; all with one image, floor and ceiling.

The pods pretend, but in one scenario: a load of 8 s, four requests at once, 300 ms each, of which 3 ms are spent
on a core, so that CPU is in proportion to what is computed. A pod requests what a full one uses and a fifth more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

Manifest = dict[str, Any]

APP: Final = "burst"
IMAGE: Final = "warmpool/serving:burst"
FLOOR, CEILING = 2, 12
CONCURRENCY, SERVICE_MS, LOAD_SECONDS, BUSY_MS = 4, 300, 8, 3
LATENCY_TARGET_MS: Final = 1000
WARMUP_REQUESTS: Final = 2
NO_BOUND_MS: Final = 3_600_000
"""As a latency target: a queue in which an hour of work may wait, which is no bound at all."""
CPU_PERCENT: Final = 50
IN_FLIGHT_PERCENT: Final = 70
"""Of a pod's slots: what KEDA aims at, as Knative does by default."""
ANNOUNCED: Final[Mapping[str, Any]] = {
    "name": "announced",
    "timeZone": "UTC",
    "durationSeconds": 180,
    "minReplicas": 8,
    "lead": 15,
}
"""A window that begins when the load changes, see `told`."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """What is in the pods of all systems alike.

    Attributes:
        engine: of the model server.
        env: of its container, beside what a pool sets.
        resources: of its container.
        floor: least pods.
        ceiling: most pods.
        static_pods: pods of who keeps as many as the peak needs, and some to spare.
    """

    engine: Literal["fake", "onnx"]
    env: Mapping[str, str]
    resources: Manifest
    floor: int
    ceiling: int
    static_pods: int


PRETENDED: Final = Server(
    engine="fake",
    env={"WARMPOOL_FAKE_SERVICE_MS": str(SERVICE_MS), "WARMPOOL_FAKE_BUSY_MS": str(BUSY_MS)},
    resources={"requests": {"cpu": "70m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}},
    floor=FLOOR,
    ceiling=CEILING,
    static_pods=10,
)
"""Calibrated: a full pod uses 61m, and 101m to 107m where three times as much comes as it can compute.

Ten static pods: the peak of 90 requests a second keeps 27 of 40 slots busy, 68 %.
"""
MODEL: Final = Server(
    engine="onnx",
    env={},
    resources={
        "requests": {"cpu": "100m", "memory": "256Mi"},
        "limits": {"cpu": "100m", "memory": "512Mi"},
    },
    floor=2,
    ceiling=8,
    static_pods=7,
)
"""A real model, a tenth of a core for each pod, so that eight of them and their clients fit on two cores."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One system.

    Attributes:
        name: as figures call it.
        scaling: of a pool of warmpool's, beside floor and ceiling; None: a plain Deployment.
        fixed: whether a plain Deployment has the pods of the peak, always.
        scaler: what scales a plain Deployment: an HPA on CPU, or KEDA on requests in flight.
        server: what is in its pods.
        bounded: whether its servers bound their queue.
        load_seconds: how long its pods load, if they pretend.
        latency_target_ms: what bounds the queue, where it is bounded.
        announced: whether it is told when the load will change.
    """

    name: str
    scaling: Mapping[str, Any] | None = None
    fixed: bool = False
    scaler: Literal["hpa", "keda"] | None = None
    server: Server = PRETENDED
    bounded: bool = True
    load_seconds: int = LOAD_SECONDS
    latency_target_ms: int = LATENCY_TARGET_MS
    announced: bool = False

    @property
    def env(self) -> dict[str, str]:
        """Of its containers."""
        own = {"WARMPOOL_FAKE_LOAD_SECONDS": str(self.load_seconds)} if self.server.engine == "fake" else {}
        return {**self.server.env, **own}

    @property
    def at_rest(self) -> int:
        """Pods before the first request: floor or buffer, whichever is more."""
        if self.scaling is None:
            return self.server.static_pods if self.fixed else self.server.floor
        floor = int(self.scaling.get("minReplicas", self.server.floor))
        return max(floor, int(self.scaling.get("concurrencyBuffer", 0)))


SYSTEMS: Mapping[str, System] = {
    each.name: each
    for each in (
        System(name="hpa_cpu", scaler="hpa", bounded=False),
        System(name="hpa_cpu_bounded", scaler="hpa"),
        System(name="keda", scaler="keda", bounded=False),
        System(name="static", fixed=True),
        System(name="ours_b0", scaling={}),
        System(name="ours_b2", scaling={"concurrencyBuffer": 2}),
        System(name="ours_p20", scaling={"concurrencyBufferPercent": 20}),
        System(name="ours", scaling={}),
        System(name="ours_sched", scaling={}, announced=True),
        # For clients that wait 10 s and come back when they are told to: a start within that time.
        System(name="ours_b0_load4", scaling={}, load_seconds=4, latency_target_ms=2000),
    )
}


def told(system: System, change: datetime) -> System:
    """Return an announced system whose load changes in this minute of UTC."""
    window = {**ANNOUNCED, "start": f"{change.minute} {change.hour} * * *"}
    return replace(system, scaling={**(system.scaling or {}), "schedules": [window]})


def can_be_told(system: System, change_at: float) -> bool:
    """Whether a run whose load changes at this second has room for the lead of what is told."""
    return not system.announced or change_at >= ANNOUNCED["lead"]


SIZED: Final[Mapping[str, Manifest]] = {
    "step": {"concurrencyBuffer": 6, "keepAliveSeconds": 15},
    "step_retry": {"concurrencyBuffer": 6, "keepAliveSeconds": 15},
    "step_long": {"concurrencyBuffer": 6, "keepAliveSeconds": 15},
    "step_model": {"concurrencyBuffer": 5, "keepAliveSeconds": 15},
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


SERVERS: Final[Mapping[str, Server]] = {"step_model": MODEL}
"""Of scenarios in which pods do not pretend."""


def system_in(name: str, scenario: str) -> System:
    """Return a system as it is configured for a scenario."""
    system = replace(SYSTEMS[name], server=SERVERS.get(scenario, PRETENDED))
    return replace(system, scaling=SIZED[scenario]) if name == "ours" else system
