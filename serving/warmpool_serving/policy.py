"""Which waiting texts form the next batch. Pure.

There is no timer: an idle worker takes what is there, and batches form while all workers are busy.
Invariants: the oldest text that may start is always in the batch, so nothing starves; the budget
is exceeded only by a single text that is larger than it; no more requests start than may.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

_WINDOW: Final = 64
_BUCKETS: Final = (16, 32, 64, 128, 256, 512)
_PACKED_AREA: Final = 4
"""A packed engine pads only inside attention, 3 to 10 % of the work; this bounds its memory."""


class Waiting(Protocol):
    """A text in the queue."""

    @property
    def tokens(self) -> int:
        """Its length."""

    @property
    def arrived(self) -> float:
        """When its request came, in seconds of the caller's clock."""

    @property
    def request(self) -> Hashable:
        """The request it belongs to."""

    @property
    def fresh(self) -> bool:
        """No text of its request has been taken yet."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Budget of one batch: tokens, texts, and whether padding counts."""

    tokens: int = 512
    items: int = 32
    padded: bool = False

    @property
    def area(self) -> int:
        """Most texts times longest text."""
        return self.tokens if self.padded else _PACKED_AREA * self.tokens

    @property
    def window(self) -> int:
        """Texts looked at, oldest first: enough to fill a batch with one length, cheap to scan."""
        return max(_WINDOW, 2 * self.items)


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker may take: requests that may start, workers that are idle (this one included)."""

    starts: int
    idle: int = 1


def bucket(tokens: int) -> int:
    """Index of the length class of a text."""
    return next((index for index, limit in enumerate(_BUCKETS) if tokens <= limit), len(_BUCKETS))


def pick(queue: Sequence[Waiting], *, limits: BatchLimits, share: Share, urgent_before: float) -> list[int]:
    """Positions in ``queue`` (oldest first) that form the next batch, ascending.

    Texts that arrived before ``urgent_before`` come first, then those of the anchor's length, then
    its neighbours; within each, the older. The backlog is shared: a worker takes no more than its
    part of it while others are idle.
    """
    looked_at = range(min(limits.window, len(queue)))
    window = [index for index in looked_at if share.starts > 0 or not queue[index].fresh]
    if not window:
        return []
    anchor = bucket(queue[window[0]].tokens)
    rest = sorted(
        window[1:],
        key=lambda index: (
            queue[index].arrived >= urgent_before,
            abs(bucket(queue[index].tokens) - anchor) if queue[index].arrived >= urgent_before else 0,
            index,
        ),
    )
    most = min(limits.items, math.ceil(len(queue) / share.idle))
    starts = math.ceil(share.starts / share.idle)
    return sorted(_fill(queue, [window[0], *rest], limits, most, starts))


def _fill(
    queue: Sequence[Waiting], order: list[int], limits: BatchLimits, most: int, starts: int
) -> list[int]:
    taken: list[int] = []
    begun: set[Hashable] = set()
    total = longest = 0
    for index in order:
        item = queue[index]
        new_longest = max(longest, item.tokens)
        begins = item.fresh and item.request not in begun
        fits = total + item.tokens <= limits.tokens and new_longest * (len(taken) + 1) <= limits.area
        if taken and (not fits or (begins and len(begun) >= starts)):
            continue
        taken.append(index)
        total, longest = total + item.tokens, new_longest
        if begins:
            begun.add(item.request)
        if len(taken) >= most:
            break
    return taken
