"""Which floor, buffer and keepAlive a pool should have: many runs of one trace, errors against pod-seconds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.simulate.autoscalers.warmpool import Warmpool
from warmpool_operator.simulate.outcome import Outcome
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Setup

PEAK_MS = 10_000
"""The peak is the busiest time of this length: shorter than a start, so growing does not help within it."""
ROOMY_PERCENT = 70
"""How full the pods of a floor are at the peak that leaves chance some room."""
BUFFERS = (0, 1, 2, 3, 5, 8, 13, 21, 34)
KEEP_ALIVES = (60, 300)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way to configure the pool."""

    floor: int
    buffer: int
    keep_alive_seconds: int


@dataclass(frozen=True, kw_only=True)
class Sized:
    """An option, and what it would have done."""

    option: Option
    error_percent: float
    p99_s: float | None
    pod_seconds: float

    def beaten_by(self, other: "Sized") -> bool:
        """Whether another option is at least as good in errors and cost, and better in one."""
        mine, theirs = (self.error_percent, self.pod_seconds), (other.error_percent, other.pod_seconds)
        return theirs != mine and theirs[0] <= mine[0] and theirs[1] <= mine[1]


def peak_pods(setup: Setup) -> int:
    """Return the pods that compute the busiest ten seconds of the traffic, none of them idle."""
    counts: dict[int, int] = {}
    for at in setup.arrivals_ms:
        counts[at // PEAK_MS] = counts.get(at // PEAK_MS, 0) + 1
    busiest = max(counts.values(), default=0)
    return max(1, ceil_div(busiest * setup.server.service.mean_ms, PEAK_MS * setup.server.concurrency))


def options(spec: PoolSpec, setup: Setup) -> list[Option]:
    """Return the options that are worth a run: the pool's own, and a grid up to the peak and the ceiling."""
    scaling, peak = spec.scaling, peak_pods(setup)
    roomy = ceil_div(peak * 100, ROOMY_PERCENT)
    floors = {scaling.min_replicas, *(min(each, scaling.max_replicas) for each in (peak, roomy))}
    buffers = {each for each in BUFFERS if each < min(2 * peak, scaling.max_replicas)}
    grid = {
        Option(floor=floor, buffer=buffer, keep_alive_seconds=keep_alive)
        for floor in floors
        for buffer in buffers | {scaling.concurrency_buffer}
        for keep_alive in {*KEEP_ALIVES, scaling.keep_alive_seconds}
    }
    return sorted(grid, key=lambda each: (each.floor, each.buffer, each.keep_alive_seconds))


def run_option(spec: PoolSpec, setup: Setup, option: Option, *, seed: int, epoch_ms: int = 0) -> Outcome:
    """Return what becomes of the traffic if the pool has an option; it starts with its pods at rest."""
    changed = spec.scaling.model_copy(
        update={
            "min_replicas": option.floor,
            "concurrency_buffer": option.buffer,
            "keep_alive_seconds": option.keep_alive_seconds,
        }
    )
    idle = option.buffer if changed.buffer_mode == "Always" else 0
    rest = min(max(option.floor, idle), changed.max_replicas)
    pool = spec.model_copy(update={"scaling": changed})
    phase_ms = seed * 7919 % setup.cluster.sync_ms
    return simulate(
        replace(setup, replicas=rest), Warmpool(pool, epoch_ms=epoch_ms, phase_ms=phase_ms), seed=seed
    )


def sized(option: Option, outcomes: Sequence[Outcome]) -> Sized:
    """Return the means over runs with different seeds."""
    tails = [tail for outcome in outcomes if (tail := outcome.latency_s(99)) is not None]
    return Sized(
        option=option,
        error_percent=sum(outcome.error_percent for outcome in outcomes) / len(outcomes),
        p99_s=sum(tails) / len(tails) if tails else None,
        pod_seconds=sum(outcome.pod_seconds for outcome in outcomes) / len(outcomes),
    )


def efficient(candidates: Iterable[Sized]) -> list[Sized]:
    """Return those that no other beats, the cheapest first; of equals one."""
    every = list(candidates)
    best = [each for each in every if not any(each.beaten_by(other) for other in every)]
    by_figures = {(each.pod_seconds, each.error_percent): each for each in reversed(best)}
    return [by_figures[key] for key in sorted(by_figures)]


def recommended(candidates: Iterable[Sized], *, error_percent: float) -> Sized | None:
    """Return the cheapest with at most so many errors, None if none has so few."""
    fitting = [each for each in candidates if each.error_percent <= error_percent]
    return min(fitting, key=lambda each: (each.pod_seconds, each.error_percent), default=None)
