"""Which events are worth writing: not the same one twice, and not too many about one object.

The numbers are client-go's spam filter: 25 events about an object at once, then one more each five
minutes. Memory is bounded: what was heard longest ago is forgotten first, which at worst lets an
event through.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

BURST = 25
REFILL_SECONDS = 300.0
REPEAT_SECONDS = 600.0
REMEMBERED = 4096

Verdict = Literal["duplicate", "rate_limited"]


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class EventFilter:
    """Decides on each event; pure but for its memory, `now` is seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Hashable, float] = OrderedDict()
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def judge(self, subject: Hashable, reason: str, note: str, now: float) -> Verdict | None:
        """Says why an event is not worth writing, or None and counts it as written.

        Args:
            subject: The object it is about.
            reason: The event's reason.
            note: The event's text.
            now: Seconds.
        """
        key = (subject, reason, note)
        last = self._seen.get(key)
        if last is not None and now - last < REPEAT_SECONDS:
            return "duplicate"
        if not self._take(subject, now):
            return "rate_limited"
        self._seen[key] = now
        _trim(self._seen, key)
        return None

    def _take(self, subject: Hashable, now: float) -> bool:
        bucket = self._buckets.setdefault(subject, _Bucket(BURST, now))
        _trim(self._buckets, subject)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.filled_at) / REFILL_SECONDS)
        bucket.filled_at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _trim(memory: OrderedDict[Hashable, Any], fresh: Hashable) -> None:
    memory.move_to_end(fresh)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
