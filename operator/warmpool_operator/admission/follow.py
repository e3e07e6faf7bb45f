"""When a limit is written: up at once, down slowly. Pure.

Every change makes ingress-nginx reload: workers of the old configuration linger as long as their longest
stream and are cut after `worker-shutdown-timeout`. A limit that follows every pod event is a reload storm,
one that never moves is no guard. So a raise to half as much again, which is what a new pod of a small pool
is, goes out at once; everything else waits for an interval, and is not worth a reload below a fifth.
"""

from dataclasses import dataclass

from warmpool_operator.admission.intent import Limit

MIN_INTERVAL_MS = 30_000
"""Nine times the 3.3 s that ingress-nginx takes at most to notice a change."""
HYSTERESIS_PERCENT = 20
AT_ONCE_PERCENT = 150
SETTLED_MS = 5_000
"""A pod counts once it has been ready for so long: the controller syncs every 3.3 s, its workers once a
second."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The limit in force.

    Attributes:
        limit: as last written.
        changed_ms: when, in milliseconds since the epoch.
        lowering: whether a lower one is due and waits for its interval: pods should not retire before it is
            written.
    """

    limit: Limit
    changed_ms: int
    lowering: bool = False


def follow(before: Followed | None, target: Limit, *, now_ms: int) -> Followed:
    """Return the limit in force after one look.

    Args:
        before: the limit in force until now; None if there is none, or if what was asked for has changed.
        target: what the capacity of this moment allows.
        now_ms: milliseconds since the epoch.
    """
    if before is None:
        return Followed(limit=target, changed_ms=now_ms)
    # A rate that nothing is measured for any more stays: a limit that vanishes forgets whom it has just refused.
    rate = target.rate if target.rate is not None else before.limit.rate
    target = Limit(connections=target.connections, rate=rate)
    pairs = [(before.limit.connections, target.connections), (before.limit.rate or 0, target.rate or 0)]
    due = now_ms - before.changed_ms >= MIN_INTERVAL_MS
    if any(_raises_at_once(old, new) for old, new in pairs[:1]) or (
        due and any(_moved(*each) for each in pairs)
    ):
        return Followed(limit=target, changed_ms=now_ms)
    lowering = target.connections < before.limit.connections and _moved(*pairs[0])
    return Followed(limit=before.limit, changed_ms=before.changed_ms, lowering=lowering)


def _raises_at_once(old: int, new: int) -> bool:
    return new * 100 >= old * AT_ONCE_PERCENT


def _moved(old: int, new: int) -> bool:
    return abs(new - old) * 100 >= HYSTERESIS_PERCENT * max(1, old)
