"""keepAlive: a window over demand, kept as a short list of peaks.

Per-pod idle timers never expire behind a Service that spreads few requests over many pods, so what is kept is
the largest target of the last keepAlive, not a clock per pod. Only peaks matter: an entry with a later entry at
least as large can never be the maximum again. Invariants: times rise, targets fall strictly, at most
MAX_BUCKETS entries; folding two entries keeps the later time and the larger target, so the window may hold a
peak longer by one bucket width and never shorter.
"""

from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.capacity.types import Bucket

MAX_BUCKETS = 32


def remember(
    window: tuple[Bucket, ...], *, now_ms: int, target: int, keep_alive_ms: int
) -> tuple[Bucket, ...]:
    """Return the window after `target` was asked for at `now_ms`.

    Entries from the future (a clock that was set back while no operator ran) are taken as of now.
    """
    live = (Bucket(min(entry.at_ms, now_ms), entry.target) for entry in window)
    peaks = [entry for entry in live if now_ms - entry.at_ms < keep_alive_ms and entry.target > target]
    return (*_fold(peaks, width_ms=ceil_div(keep_alive_ms, MAX_BUCKETS - 2)), Bucket(now_ms, target))


def _fold(peaks: list[Bucket], *, width_ms: int) -> list[Bucket]:
    """Keep one entry per bucket of the absolute time grid: the latest time with the largest target."""
    folded: list[Bucket] = []
    for entry in peaks:
        if folded and entry.at_ms // width_ms == folded[-1].at_ms // width_ms:
            folded[-1] = Bucket(entry.at_ms, max(folded[-1].target, entry.target))
        else:
            folded.append(entry)
    return folded


def held_target(window: tuple[Bucket, ...]) -> int:
    """Return the largest target in the window, 0 if it is empty."""
    return max((entry.target for entry in window), default=0)
