"""How long pods take from creation to Ready, measured, and what follows from it."""

from dataclasses import dataclass

from warmpool_operator.api.schedule import MAX_LEAD_SECONDS
from warmpool_operator.capacity.arithmetic import ceil_div

MAX_SAMPLES = 32
"""Enough for a p95 that is not the maximum (20), few enough that a new image's start-ups soon count alone."""
MIN_SAMPLES = 5
"""Below this many a p95 is one pod's luck."""


@dataclass(frozen=True, kw_only=True)
class Startups:
    """The latest start-ups, oldest first, in milliseconds, and the starts that failed."""

    samples_ms: tuple[int, ...] = ()
    failures: int = 0

    def measured(self, duration_ms: int) -> "Startups":
        """Return the statistics with one more start-up."""
        samples = (*self.samples_ms, max(0, duration_ms))[-MAX_SAMPLES:]
        return Startups(samples_ms=samples, failures=self.failures)

    def failed(self) -> "Startups":
        """Return the statistics with one more start that failed."""
        return Startups(samples_ms=self.samples_ms, failures=self.failures + 1)

    def percentile(self, percent: int) -> int | None:
        """Return the nearest-rank percentile in milliseconds, None without samples."""
        if not self.samples_ms:
            return None
        rank = max(1, ceil_div(percent * len(self.samples_ms), 100))
        return sorted(self.samples_ms)[rank - 1]


def auto_lead_ms(startups: Startups, *, startup_timeout_ms: int) -> int:
    """Return how long before its start a window must ask for pods: 1.1 times the p95, an hour at most.

    The tenth pays for the decision's tick and for pods that load side by side. Too few samples: half of what the
    pool says a start may take.
    """
    p95 = startups.percentile(95)
    if p95 is None or len(startups.samples_ms) < MIN_SAMPLES:
        return min(MAX_LEAD_SECONDS * 1000, startup_timeout_ms // 2)
    return min(MAX_LEAD_SECONDS * 1000, ceil_div(p95 * 11, 10))
