"""Which floor, buffer and keep-alive a scenario needs: the cheapest that keeps to the bounds, on other seeds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from statistics import mean
from typing import Any

from bench.burst.replay import simulated
from bench.burst.result import Result
from bench.burst.scenarios import Scenario
from bench.burst.startups import Companies
from bench.burst.systems import FLOOR, SERVICE_MS, SYSTEMS
from warmpool_operator.simulate.setup import Route

SEEDS = (11, 12)
"""None of those that are measured: what is sized on its own test proves nothing."""
FLOORS, BUFFERS, KEEP_ALIVE_SECONDS = (FLOOR, *range(6, 11)), range(8), (15, 30, 60)
MAX_ERROR_PERCENT = 0.1
MAX_OVER_STEADY = 2.0


@dataclass(frozen=True, kw_only=True)
class Size:
    """One configuration and what the simulator says of it, as means over `SEEDS`."""

    scaling: dict[str, Any]
    error_percent: float
    p99_over_steady: float
    pod_seconds: float

    @property
    def keeps(self) -> bool:
        """Whether it keeps to the bounds of errors and latency."""
        return self.error_percent <= MAX_ERROR_PERCENT and self.p99_over_steady <= MAX_OVER_STEADY


def sizes(scenario: Scenario, *, startups_s: Companies, route: Route) -> Iterator[Size]:
    """Yield each configuration that is cheaper than every one before it that keeps to the bounds."""
    cheapest = float("inf")
    for floor, buffer, keep_alive in product(FLOORS, BUFFERS, KEEP_ALIVE_SECONDS):
        scaling = {"minReplicas": floor, "concurrencyBuffer": buffer, "keepAliveSeconds": keep_alive}
        size = _tried(scenario, scaling, startups_s, route)
        if size.keeps and size.pod_seconds < cheapest:
            cheapest = size.pod_seconds
            yield size


def _tried(scenario: Scenario, scaling: dict[str, Any], startups_s: Companies, route: Route) -> Size:
    system = replace(SYSTEMS["ours"], scaling=scaling)
    runs = [simulated(scenario, system, seed, startups_s=startups_s, route=route) for seed in SEEDS]
    return Size(
        scaling=scaling,
        error_percent=mean(run.error_percent for run in runs),
        p99_over_steady=mean(_over_steady(run) for run in runs),
        pod_seconds=mean(run.pod_seconds for run in runs),
    )


def _over_steady(run: Result) -> float:
    """Return p99 over that of the calm before; of a scenario without a calm, of one service time."""
    return (run.p99_s or 0.0) / (run.steady_p99_s or SERVICE_MS / 1000)
