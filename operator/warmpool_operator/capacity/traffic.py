"""How warm the pool was for its clients, and what that cost: counted over the life of the pool.

A warm hit is a request that began to be computed within 50 ms of its arrival, as the pod counts it. Cold is
everything else: it waited longer, was refused, or found no warm pod at all. What warmth costs are the seconds in
which warm pods had nothing to do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from warmpool_operator.capacity.demand import Sample

MAX_GAP_MS = 5_000
"""Time between two ticks counts up to this: what was not watched is not known to have been idle."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Totals, in requests and in milliseconds times pods.

    Attributes:
        warm_hits: requests that began within 50 ms.
        cold: requests that did not.
        idle_pod_ms: warm pods times the time in which they had nothing to do.
    """

    warm_hits: int = 0
    cold: int = 0
    idle_pod_ms: int = 0

    @property
    def requests(self) -> int:
        """All of them."""
        return self.warm_hits + self.cold

    @property
    def warm_hit_percent(self) -> int | None:
        """Share of warm hits, rounded down; None without requests."""
        return self.warm_hits * 100 // self.requests if self.requests else None


@dataclass(frozen=True, kw_only=True)
class Meter:
    """The totals with what is needed to go on counting; only the totals survive a restart.

    Attributes:
        traffic: so far.
        counters: (warm hits, late starts and refusals) of each pod when it was last read.
        held: requests that were told to come back, at the last tick.
        at_ms: of that tick; None before the first.
    """

    traffic: Traffic = Traffic()
    counters: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    held: int = 0
    at_ms: int | None = None

    def read(
        self,
        samples: Iterable[tuple[str, Sample]],
        *,
        present: Iterable[str],
        idle: int,
        held: int,
        now_ms: int,
    ) -> "Meter":
        """Return the meter after one tick.

        A pod's first reading only starts its count, and so does a counter that fell because its pod restarted.
        Pods that do not count warm hits are passed over: what is not known is neither warm nor cold.

        Args:
            samples: (pod, sample) of the pods that answered.
            present: all pods; others are forgotten.
            idle: warm pods that had nothing to do.
            held: requests that are told to come back now; more of them than before are as many cold ones.
            now_ms: milliseconds since the epoch.
        """
        seen = {
            pod: (sample.warm_hits, sample.late_starts + sample.rejected)
            for pod, sample in samples
            if sample.warm_hits is not None and sample.late_starts is not None
        }
        warm, cold = self._gained(seen)
        gap_ms = 0 if self.at_ms is None else min(MAX_GAP_MS, max(0, now_ms - self.at_ms))
        keep = set(present)
        return Meter(
            traffic=replace(
                self.traffic,
                warm_hits=self.traffic.warm_hits + warm,
                cold=self.traffic.cold + cold + max(0, held - self.held),
                idle_pod_ms=self.traffic.idle_pod_ms + idle * gap_ms,
            ),
            counters={pod: count for pod, count in {**self.counters, **seen}.items() if pod in keep},
            held=held,
            at_ms=now_ms,
        )

    def _gained(self, seen: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
        """Return the warm hits and cold requests that were counted since the last tick."""
        warm = cold = 0
        for pod, (hits, misses) in seen.items():
            before = self.counters.get(pod, (hits, misses))
            warm += max(0, hits - before[0])
            cold += max(0, misses - before[1])
        return warm, cold
