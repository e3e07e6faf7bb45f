"""A keyed work queue with the semantics of client-go's.

Invariants: a key waits at most once; a key is in the hands of at most one worker; a key added
while it is worked on is worked on once more afterwards; so nothing is lost and nothing overlaps.
A key may also wait for a time (`add_after`), of which the earliest wins.

Everything runs in one event loop; times are seconds of its clock.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)


class QueueShutDown(Exception):  # noqa: N818 - not an error: the end of the work
    """The queue is shut down and empty."""


class QueueObserver(Protocol):
    """Hears what happens in a queue, for the `workqueue_*` metrics."""

    def added(self, depth: int) -> None:
        """A key was queued; `depth` keys wait now."""

    def started(self, depth: int, waited: float) -> None:
        """A worker took a key that had waited this many seconds; `depth` keys still wait."""

    def finished(self, worked: float) -> None:
        """A worker gave a key back after this many seconds."""

    def retried(self) -> None:
        """A key was queued with backoff."""


class WorkQueue(Generic[K]):
    """Queue of keys to work on. Create and use it inside one running event loop.

    Args:
        base_delay: First backoff of a key in seconds; doubled with each further failure.
        max_delay: Longest backoff in seconds.
        observer: Hears of every step.
        clock: Seconds, monotonic; the loop's own clock by default. Timers always use the loop's.
        jitter: Draws from [0, 1); a backoff is shortened by up to a fifth of itself, so that keys
            that failed together do not come back together.
    """

    def __init__(
        self,
        *,
        base_delay: float = 0.5,
        max_delay: float = 300.0,
        observer: QueueObserver | None = None,
        clock: Callable[[], float] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._base_delay, self._max_delay, self._jitter = base_delay, max_delay, jitter
        self._observer = observer
        self._queue: deque[K] = deque()
        self._dirty: dict[K, float] = {}
        self._processing: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._serial = 0
        self._timer: asyncio.TimerHandle | None = None
        self._getters: deque[asyncio.Future[None]] = deque()
        self._idle = asyncio.Event()
        self._idle.set()
        self._shut = False

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def active(self) -> int:
        """How many keys are in the hands of workers."""
        return len(self._processing)

    @property
    def unfinished_seconds(self) -> float:
        """Sum of the seconds that the keys in workers' hands have been there."""
        now = self._clock()
        return sum(now - since for since in self._processing.values())

    @property
    def longest_running_seconds(self) -> float:
        """Seconds that the oldest key in a worker's hands has been there; 0 where none is."""
        return self._clock() - min(self._processing.values()) if self._processing else 0.0

    def add(self, key: K) -> None:
        """Queues a key, now. Does nothing where it waits already or the queue is shut down."""
        if self._shut or key in self._dirty:
            return
        self._dirty[key] = self._clock()
        if key not in self._processing:
            self._enqueue(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Queues a key once `seconds` have passed; of several such calls the earliest time wins."""
        if self._shut:
            return
        if seconds <= 0:
            self.add(key)
            return
        due = self._loop.time() + seconds
        if due >= self._due.get(key, float("inf")):
            return
        self._due[key] = due
        self._serial += 1
        heapq.heappush(self._heap, (due, self._serial, key))
        self._arm()

    def add_rate_limited(self, key: K, *, at_least: float = 0.0) -> float:
        """Queues a key after its backoff, which doubles until `forget`.

        Args:
            key: The key.
            at_least: Lower bound in seconds, such as a server's Retry-After; it may exceed `max_delay`.

        Returns:
            The delay in seconds.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # 2**64 half seconds exceed any sensible maximum; the bound keeps the power finite.
        backoff = min(self._max_delay, self._base_delay * 2.0 ** min(failures, 64))
        delay = max(at_least, backoff * (1.0 - 0.2 * self._jitter()))
        if self._observer:
            self._observer.retried()
        self.add_after(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """Resets the backoff of a key; what is queued stays queued."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """How often the key was queued with backoff since it was last forgotten."""
        return self._failures.get(key, 0)

    async def get(self) -> K:
        """Takes the key that waited longest; every `get` needs its `done`.

        Raises:
            QueueShutDown: The queue is shut down and nothing waits.
        """
        while not self._queue:
            if self._shut:
                raise QueueShutDown
            getter = self._loop.create_future()
            self._getters.append(getter)
            try:
                await getter
            except asyncio.CancelledError:
                # The wake-up that this getter may have received belongs to another one.
                if getter in self._getters:
                    self._getters.remove(getter)
                elif self._queue:
                    self._wake()
                raise
        key = self._queue.popleft()
        now = self._clock()
        waited = now - self._dirty.pop(key)
        self._processing[key] = now
        if self._observer:
            self._observer.started(len(self._queue), waited)
        return key

    def done(self, key: K) -> None:
        """Gives a key back; it is queued again at once if it was added meanwhile."""
        started = self._processing.pop(key)
        if self._observer:
            self._observer.finished(self._clock() - started)
        if key in self._dirty:
            self._enqueue(key)
        self._note_idle()

    def shut_down(self, *, drain: bool = True) -> None:
        """Refuses new keys and drops the delayed ones; workers end once nothing waits.

        Args:
            drain: False drops the waiting keys too, so that only the work in hand is finished.
        """
        self._shut = True
        self._heap.clear()
        self._due.clear()
        self._arm()
        if not drain:
            self._queue.clear()
            self._dirty.clear()
        while self._getters:
            self._wake()
        self._note_idle()

    async def join(self) -> None:
        """Waits until no key waits for a worker and none is in a worker's hands."""
        await self._idle.wait()

    def _enqueue(self, key: K) -> None:
        self._queue.append(key)
        self._idle.clear()
        if self._observer:
            self._observer.added(len(self._queue))
        self._wake()

    def _wake(self) -> None:
        while self._getters:
            getter = self._getters.popleft()
            if not getter.done():
                getter.set_result(None)
                return

    def _note_idle(self) -> None:
        if not self._queue and not self._processing:
            self._idle.set()

    def _arm(self) -> None:
        """Sets the one timer to the earliest due time that still counts."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._heap[0][0], self._fire) if self._heap else None

    def _fire(self) -> None:
        now = self._loop.time()
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)
        self._timer = None
        self._arm()
