"""When the cluster's controllers looked: an HPA that is a second later may see another load, and end elsewhere."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from bench.burst.result import Result

PERIOD_MS = 15_000
"""Of the HPA controller's syncs and of metrics-server's readings."""
SLACK_MS = 3_000
"""By which a first sync may be sooner than expected; seconds around it are not to look like a period apart."""
CREATION_MS = 150
"""From a sync to the new pods being scheduled."""


@dataclass(frozen=True)
class Clocks:
    """Within which milliseconds of a run the first sync and the first reading are, both included."""

    sync_ms: tuple[int, int]
    metrics_ms: tuple[int, int]


ANY = Clocks(sync_ms=(10_000, 11_500), metrics_ms=(0, PERIOD_MS - 1))
"""A real run begins some 4 s after the HPA's last look, for which `Bed.deployed` waits; and at any time of
metrics-server's."""


def clocks_of(run: Result) -> Clocks:
    """Return what a real run shows of them: pods that were added, and what metrics-server told."""
    return Clocks(sync_ms=_sync_ms(run) or ANY.sync_ms, metrics_ms=_metrics_ms(run) or ANY.metrics_ms)


def _sync_ms(run: Result) -> tuple[int, int] | None:
    """Return the first sync by all that followed: each was in the second after which its pods were counted."""
    grown = [second for second, (before, now) in enumerate(pairwise(run.pods)) if now > before]
    if not grown:
        return None
    after_ms = mean((1000 * second + 500 - ANY.sync_ms[0] + SLACK_MS) % PERIOD_MS for second in grown)
    middle = round(after_ms) + ANY.sync_ms[0] - SLACK_MS - CREATION_MS
    return middle - 250, middle + 250


def _metrics_ms(run: Result) -> tuple[int, int] | None:
    if not run.usage:
        return None
    # It tells whole seconds, of which `usage` is the middle.
    middle = round(1000 * run.usage[0][0]) % PERIOD_MS
    return max(0, middle - 500), middle + 499
