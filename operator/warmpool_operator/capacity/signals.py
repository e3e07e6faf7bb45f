"""What thresholds watch, as intervals: pods that do not answer widen a signal and never make it zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.capacity.demand import Sample
from warmpool_operator.capacity.types import Observation

RATE_WINDOW_MS = 60_000
MIN_SPAN_MS = 10_000
"""A rate from less than this says little; until then it is unknown."""
STEP_MS = 1_000


@dataclass(frozen=True)
class Interval:
    """A signal between `low` and `high`, both possible; `high` None: no upper bound is known."""

    low: int
    high: int | None


UNKNOWN = Interval(0, None)


@dataclass(frozen=True)
class Arrivals:
    """Requests that reached the pods, counted over the last minute.

    Attributes:
        counters: accepted + rejected of each pod when it was last read, by pod.
        steps: (at_ms, requests so far), oldest first, one entry a second.
    """

    counters: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[tuple[int, int], ...] = ()

    def read(
        self, samples: Iterable[tuple[str, Sample]], *, present: Iterable[str], now_ms: int
    ) -> "Arrivals":
        """Return the count after one tick.

        A pod's first reading only starts its count, and so does a counter that fell because its pod restarted.

        Args:
            samples: (pod, sample) of the pods that answered.
            present: all pods, silent ones included; others are forgotten.
            now_ms: milliseconds since the epoch.
        """
        seen = {pod: sample.accepted + sample.rejected for pod, sample in samples}
        more = sum(max(0, count - self.counters.get(pod, count)) for pod, count in seen.items())
        total = (self.steps[-1][1] if self.steps else 0) + more
        steps = self.steps
        if len(steps) > 1 and steps[-1][0] - steps[-2][0] < STEP_MS:
            steps = steps[:-1]  # the newest entry moves along until it is a second from the one before it
        recent = tuple(step for step in steps if now_ms - step[0] <= RATE_WINDOW_MS)
        keep = set(present)
        counters = {pod: count for pod, count in {**self.counters, **seen}.items() if pod in keep}
        return Arrivals(counters, (*recent, (now_ms, total)))

    @property
    def per_minute(self) -> int | None:
        """Requests per minute, None before enough was seen."""
        span = self.steps[-1][0] - self.steps[0][0] if self.steps else 0
        if span < MIN_SPAN_MS:
            return None
        return (self.steps[-1][1] - self.steps[0][1]) * RATE_WINDOW_MS // span


def signals(seen: Observation, per_minute: int | None, *, concurrency: int) -> Mapping[str, Interval]:
    """Return every signal that a threshold may name.

    Args:
        seen: the samples of this tick.
        per_minute: requests of the last minute, None if that is not known.
        concurrency: requests that one pod computes at once.
    """
    hidden = seen.silent * concurrency
    slots = (seen.answered + seen.silent) * concurrency
    rate, unbounded = per_minute, seen.silent > 0
    return {
        "inFlight": Interval(seen.running, seen.running + hidden),
        "utilization": Interval(seen.running * 100 // slots, ceil_div((seen.running + hidden) * 100, slots))
        if slots
        else UNKNOWN,
        "queue": Interval(seen.queued, None if unbounded else seen.queued),
        "requestsPerMinute": UNKNOWN if rate is None else Interval(rate, None if unbounded else rate),
    }
