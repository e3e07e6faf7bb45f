"""Requests for pools without a warm pod: which pool, when to come back, and for how long they count as demand.

No clock and no network here: times are milliseconds since the epoch. What is remembered of a pool is bounded
by the longest Retry-After in seconds, not by the number of requests, so nobody can fill the memory from
outside.
"""

import math
from dataclasses import dataclass, field

from warmpool_operator.observe.cache import Key

UNKNOWN_START_MS = 30_000
"""What a start is taken to last while none was measured, where the pool does not allow less."""
PROPAGATION_MS = 2_000
"""From a request to the pod that it asks for, half a second; from Ready to traffic, what ingress-nginx takes
to sync and its workers to notice."""
LATE_SHARE = 5
"""A start that is late is given a fifth of the expected time more, at least a second, again and again."""
LONGEST_MS = 600_000
RETURN_SLACK_MS = 2_000
"""A request that was told to come back is expected for so much longer."""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What the desk needs to know of a pool.

    Attributes:
        host: of its Ingress, None for any; may begin with `*.`.
        path: prefix of its Ingress.
        ready: whether a pod is warm: then requests here are stragglers.
        expected_ms: from the first request until a pod answers, as measured.
        hold_ms: for how long a request keeps the pool awake at least.
    """

    host: str | None
    path: str
    ready: bool
    expected_ms: int
    hold_ms: int


@dataclass
class _Queue:
    """Who was told to come back to one pool."""

    stand: Stand
    asked_ms: int | None = None
    until_ms: int = 0
    returns: dict[int, int] = field(default_factory=dict)


def stand_for(
    *, host: str | None, path: str, ready: bool, p95_ms: int | None, timeout_ms: int, keep_alive_ms: int
) -> Stand:
    """Return a pool's stand from its measured start-ups.

    Args:
        host: of its Ingress.
        path: of its Ingress.
        ready: whether a pod is warm.
        p95_ms: 95th percentile of its start-ups, None without any.
        timeout_ms: how long a start may take.
        keep_alive_ms: how long a peak of demand is remembered.
    """
    start_ms = p95_ms if p95_ms is not None else min(UNKNOWN_START_MS, timeout_ms)
    expected = min(LONGEST_MS, start_ms + PROPAGATION_MS)
    hold = max(keep_alive_ms, start_ms * 3 // 2 + expected)
    return Stand(host=host, path=path, ready=ready, expected_ms=expected, hold_ms=hold)


class Desk:
    """Every pool that an Ingress leads to."""

    def __init__(self) -> None:
        self._queues: dict[Key, _Queue] = {}

    def attend(self, key: Key, stand: Stand | None) -> None:
        """Take note of a pool, or of what has changed about it; None for one that no Ingress leads to."""
        queue = self._queues.get(key)
        if stand is None:
            self._queues.pop(key, None)
        elif queue is None:
            self._queues[key] = _Queue(stand)
        else:
            queue.stand = stand
            if stand.ready:
                queue.asked_ms = None

    def find(self, host: str, path: str) -> Key | None:
        """Return the pool that an Ingress would send a request to, None if there is none.

        The exact host wins over a wildcard, and that over no host; then the longest path prefix. A path that
        no pool of the host has may have been rewritten on the way: then the host alone decides, if only one
        pool has it.
        """
        name = host.partition(":")[0].rstrip(".").lower()
        for suits in (name, f"*.{name.partition('.')[2]}", None):
            here = {key: queue.stand.path for key, queue in self._queues.items() if queue.stand.host == suits}
            below = {key: prefix for key, prefix in here.items() if _is_below(path, prefix)}
            if below:
                return max(below, key=lambda key: len(below[key]))
            if len(here) == 1 and suits is not None:
                return next(iter(here))
        return None

    def refuse(self, key: Key, *, now_ms: int, known: bool = False) -> int:
        """Turn a request away, and expect it back.

        Args:
            key: the pool.
            now_ms: milliseconds since the epoch.
            known: whether it is one more try of a request that is expected already.

        Returns:
            Retry-After in whole seconds.
        """
        queue = self._queues[key]
        stand = queue.stand
        late_ms = max(1000, stand.expected_ms // LATE_SHARE)
        if stand.ready:
            wait_ms = 1000
        else:
            queue.asked_ms = now_ms if queue.asked_ms is None or now_ms > queue.until_ms else queue.asked_ms
            wait_ms = max(late_ms, stand.expected_ms - (now_ms - queue.asked_ms))
        seconds = math.ceil(wait_ms / 1000)
        if known:
            return seconds
        back = (now_ms + seconds * 1000 + RETURN_SLACK_MS) // 1000
        queue.returns[back] = queue.returns.get(back, 0) + 1
        queue.until_ms = max(queue.until_ms, now_ms + stand.hold_ms)
        self._drop_past(queue, now_ms)
        return seconds

    def held(self, key: Key, *, now_ms: int) -> int:
        """Return the requests that are expected back; at least one for as long as they keep the pool awake."""
        queue = self._queues.get(key)
        if queue is None or now_ms >= queue.until_ms:
            return 0
        self._drop_past(queue, now_ms)
        return max(1, sum(queue.returns.values()))

    def _drop_past(self, queue: _Queue, now_ms: int) -> None:
        for back in [second for second in queue.returns if second * 1000 < now_ms]:
            del queue.returns[back]


def _is_below(path: str, prefix: str) -> bool:
    """Whether an Ingress path of type Prefix matches: element by element, as Kubernetes defines it."""
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")
