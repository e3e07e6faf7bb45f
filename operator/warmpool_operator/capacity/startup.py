"""How long pods take from creation to Ready, measured, and what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from warmpool_operator.api.names import PHASES
from warmpool_operator.api.schedule import MAX_LEAD_SECONDS
from warmpool_operator.capacity.arithmetic import ceil_div

MAX_SAMPLES = 32
"""Enough for a p95 that is not the maximum (20), few enough that a new image's start-ups soon count alone."""
MIN_SAMPLES = 5
"""Below this many a p95 is one pod's luck."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """One measured start-up.

    Attributes:
        total_ms: from the first sight of the pod until it was Ready.
        template: hash of its pod template.
        pod: its name; empty where only the total is remembered.
        ready_ms: when it was Ready, milliseconds since the epoch.
        phases_ms: (phase, milliseconds) that add up to the total.
        first_request_ms: from Ready until the first request was seen; None before that.
    """

    total_ms: int
    template: str = ""
    pod: str = ""
    ready_ms: int = 0
    phases_ms: tuple[tuple[str, int], ...] = ()
    first_request_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Startups:
    """The latest start-ups, oldest first, and the number of starts that failed."""

    starts: tuple[Start, ...] = ()
    failures: int = 0

    def measured(self, start: Start) -> "Startups":
        """Return the statistics with one more start-up."""
        return replace(self, starts=(*self.starts, start)[-MAX_SAMPLES:])

    def failed(self, count: int = 1) -> "Startups":
        """Return the statistics with more starts that failed."""
        return replace(self, failures=self.failures + count)

    def asked(self, pod: str, *, after_ms: int) -> "Startups":
        """Return the statistics with the time until a pod's first request."""
        starts = (replace(s, first_request_ms=after_ms) if s.pod == pod else s for s in self.starts)
        return replace(self, starts=tuple(starts))

    @property
    def samples_ms(self) -> tuple[int, ...]:
        """Durations that count: those of the newest pod template alone once there are enough of them."""
        if not self.starts:
            return ()
        newest = [each.total_ms for each in self.starts if each.template == self.starts[-1].template]
        return tuple(newest) if len(newest) >= MIN_SAMPLES else tuple(each.total_ms for each in self.starts)

    def percentile(self, percent: int) -> int | None:
        """Return the nearest-rank percentile in milliseconds, None without samples."""
        return nearest_rank(self.samples_ms, percent)

    def by_phase(self, last: int) -> dict[str, list[int]]:
        """Return the milliseconds of each phase over the newest starts whose phases are known."""
        found: dict[str, list[int]] = {}
        for start in self.starts[-last:]:
            for phase, milliseconds in start.phases_ms:
                found.setdefault(phase, []).append(milliseconds)
        return {phase: found[phase] for phase in PHASES if phase in found}


def nearest_rank(samples: Iterable[int], percent: int) -> int | None:
    """Return the nearest-rank percentile, None without samples."""
    ordered = sorted(samples)
    return ordered[max(1, ceil_div(percent * len(ordered), 100)) - 1] if ordered else None


def auto_lead_ms(startups: Startups, *, startup_timeout_ms: int) -> int:
    """Return how long before its start a window must ask for pods: 1.1 times the p95, an hour at most.

    The tenth pays for the decision's tick and for pods that load side by side. Too few samples: half of what the
    pool says a start may take.
    """
    p95 = startups.percentile(95)
    if p95 is None or len(startups.samples_ms) < MIN_SAMPLES:
        return min(MAX_LEAD_SECONDS * 1000, startup_timeout_ms // 2)
    return min(MAX_LEAD_SECONDS * 1000, ceil_div(p95 * 11, 10))
