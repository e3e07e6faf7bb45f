"""When the cluster's controllers looked: an HPA that is a second later may see another load, and end elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.burst.result import Result
from bench.burst.systems import SYSTEMS

PERIOD_MS = 15_000
"""Of the HPA controller's syncs and of metrics-server's readings."""
SLACK_SECONDS = 3
"""By which a first sync may be sooner than `ANY` says; and pods that come so soon after others are of one sync."""
CREATION_MS = 150
"""From a sync to the new pods being scheduled."""


@dataclass(frozen=True)
class Clocks:
    """Within which milliseconds of a run the first sync and the first reading are, both included."""

    sync_ms: tuple[int, int]
    metrics_ms: tuple[int, int]


ANY = Clocks(sync_ms=(10_000, 11_500), metrics_ms=(0, PERIOD_MS - 1))
"""A run of HPA or KEDA begins some 4 s after the HPA's last look, for which `Bed.deployed` waits, and at any time
of metrics-server's."""


def clocks_of(run: Result) -> Clocks:
    """Return what a real run shows of them: pods that the HPA added, and what metrics-server told."""
    # A pool's pods are added by the operator, whenever it wants them.
    sync_ms = _sync_ms(run.pods) if SYSTEMS[run.system].scaler else None
    return Clocks(sync_ms=sync_ms or ANY.sync_ms, metrics_ms=_metrics_ms(run) or ANY.metrics_ms)


def _sync_ms(pods: Sequence[int]) -> tuple[int, int] | None:
    """Return the first sync by all that followed: each was in the second before its first pod was counted."""
    grown = [second for second, (before, now) in enumerate(pairwise(pods)) if now > before]
    syncs = [second for last, second in pairwise((-PERIOD_MS, *grown)) if second - last > SLACK_SECONDS]
    if not syncs:
        return None
    earliest = ANY.sync_ms[0] - 1000 * SLACK_SECONDS
    begins = [(1000 * second - earliest) % PERIOD_MS + earliest - CREATION_MS for second in syncs]
    first, last = max(begins), min(begins) + 999
    # A period is not quite 15 s: where no moment fits all, they were around the boundary of two seconds.
    return (first, last) if first <= last else (last - 100, first + 100)


def _metrics_ms(run: Result) -> tuple[int, int] | None:
    if not run.usage:
        return None
    # It tells whole seconds, of which `usage` is the middle.
    middle = round(1000 * run.usage[0][0]) % PERIOD_MS
    return max(0, middle - 500), min(middle + 499, PERIOD_MS - 1)
