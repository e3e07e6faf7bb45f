"""The queue and the worker threads that empty it.

Invariants, all under one lock: every accepted request is counted exactly once as queued or running
until `Job.done` is called for it, which happens exactly once; a request that was cancelled or has
passed its deadline is never handed to the engine; no more than ``concurrency`` requests run.
"""

import threading
import time
from collections.abc import Callable, Sequence

from warmpool_serving.admission import Speed
from warmpool_serving.engines.base import Engine
from warmpool_serving.jobs import BatchReport, Item, Job, Snapshot
from warmpool_serving.names import Outcome
from warmpool_serving.policy import BatchLimits, Share, pick


class Batcher:
    """Queue in front of one engine."""

    def __init__(
        self,
        engine: Engine,
        *,
        limits: BatchLimits,
        concurrency: int,
        urgent_after: float,
        speed: Speed,
        on_batch: Callable[[BatchReport], None] = lambda _: None,
        goes_on: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts no thread.

        Args:
            engine: computes.
            limits: of one batch.
            concurrency: requests computed at once.
            urgent_after: the age in seconds from which a text goes first.
            speed: what warming measured.
            on_batch: told of each batch that was computed.
            goes_on: asked in a worker's thread after one that was not, once its requests have ended; where it
                says no, nothing more is computed, and whatever waits or still comes ends as drained.
            clock: tells seconds.
        """
        self._engine, self._limits, self._concurrency = engine, limits, concurrency
        self._urgent_after, self._clock = urgent_after, clock
        self._on_batch, self._goes_on = on_batch, goes_on
        self._lock = threading.Lock()
        self._asleep: list[threading.Condition] = []
        self._queue: list[Item] = []
        self._queued: set[Job] = set()
        self._running: set[Job] = set()
        self._queued_tokens = self._running_tokens = 0
        self._idle = 0
        self._stopping = False
        self._busy_since: dict[int, float] = {}
        self._busy_then: dict[int, int] = {}
        self.speed = speed
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Starts one thread per worker of the engine."""
        for number in range(self._engine.workers):
            thread = threading.Thread(target=self._work, args=(number,), name=f"worker-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, timeout: float = 1.0) -> None:
        """Lets the workers end; what is still queued stays unanswered, so drain first."""
        self._stop_taking()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def submit(self, job: Job) -> None:
        """Queues an accepted request; one that comes when nothing is computed any more ends at once."""
        with self._lock:
            if self._stopping:
                self._end(job, Outcome.DRAINED)
                return
            self._queue.extend(Item(job, index, len(text)) for index, text in enumerate(job.texts))
            self._queued.add(job)
            self._queued_tokens += job.tokens
            self._wake(len(job.texts))

    def end(self, job: Job, outcome: Outcome) -> None:
        """Ends a request before it is computed; texts already in a batch are computed for nothing."""
        with self._lock:
            self._end(job, outcome)
            if self._queue:
                self._wake()

    def end_all(self, outcome: Outcome) -> int:
        """Ends every request that is left; returns how many."""
        with self._lock:
            left = [*self._queued, *self._running]
            for job in left:
                self._end(job, outcome)
            return sum(job.over is outcome for job in left)

    def snapshot(self) -> Snapshot:
        """Counts at this moment."""
        with self._lock:
            now = self._clock()
            first = next((item.arrived for item in self._queue if item.fresh), now)
            return Snapshot(
                len(self._running),
                len(self._queued),
                self._queued_tokens,
                self._running_tokens,
                max(0.0, now - first),
            )

    def longest_batch(self) -> float:
        """Seconds the longest batch now in the engine has been there: a stuck worker shows here."""
        with self._lock:
            return max((self._clock() - since for since in self._busy_since.values()), default=0.0)

    def _work(self, worker: int) -> None:
        while (batch := self._take(worker)) is not None:
            texts = [item.job.texts[item.index] for item in batch]
            began = self._clock()
            try:
                vectors: Sequence[bytes] | None = self._engine.compute(texts)
                error: BaseException | None = None
            except Exception as caught:
                vectors, error = None, caught
            self._give(worker, batch, vectors, error, self._clock() - began)
            if error is not None and not self._still_goes_on(worker):
                self._stop_taking()
                self.end_all(Outcome.DRAINED)

    def _still_goes_on(self, worker: int) -> bool:
        # Seen by the liveness check like a batch: a device that fails may also hang.
        with self._lock:
            self._busy_since[worker] = self._clock()
        try:
            return self._goes_on()
        finally:
            with self._lock:
                del self._busy_since[worker]

    def _stop_taking(self) -> None:
        with self._lock:
            self._stopping = True
            self._wake(len(self._asleep))

    def _wake(self, most: int = 1) -> None:
        # Who fell asleep last comes first, its caches being warm: a client alone keeps its worker.
        for _ in range(min(most, len(self._asleep))):
            self._asleep.pop().notify()

    def _take(self, worker: int) -> list[Item] | None:
        call = threading.Condition(self._lock)
        with self._lock:
            self._idle += 1
            try:
                while True:
                    if self._stopping:
                        return None
                    self._expire()
                    if batch := self._pick():
                        self._busy_since[worker] = self._clock()
                        self._busy_then[worker] = len(self._busy_since)
                        if self._queue:
                            self._wake()
                        return batch
                    self._asleep.append(call)
                    call.wait()
            finally:
                self._idle -= 1

    def _pick(self) -> list[Item]:
        if not self._queue:
            return []
        now = self._clock()
        share = Share(starts=self._concurrency - len(self._running), idle=self._idle)
        picked = pick(self._queue, limits=self._limits, share=share, urgent_before=now - self._urgent_after)
        batch = [self._queue[index] for index in picked]
        for index in reversed(picked):
            del self._queue[index]
        for item in batch:
            job = item.job
            job.computing += 1
            self._queued_tokens -= item.tokens
            self._running_tokens += item.tokens
            if job.started is None:
                job.started = now
                self._queued.discard(job)
                self._running.add(job)
        return batch

    def _give(
        self,
        worker: int,
        batch: Sequence[Item],
        vectors: Sequence[bytes] | None,
        error: BaseException | None,
        seconds: float,
    ) -> None:
        sizes = [item.tokens for item in batch]
        padded = max(sizes) * len(sizes) if self._limits.padded else sum(sizes)
        with self._lock:
            used = self._workers_used(worker)
            del self._busy_since[worker]
            if error is None:
                self.speed = self.speed.after(sum(sizes), seconds, workers=used)
            for position, item in enumerate(batch):
                self._running_tokens -= item.tokens
                job = item.job
                job.computing -= 1
                job.missing -= 1
                if vectors is not None:
                    job.vectors[item.index] = vectors[position]
                elif job.over is None:
                    job.error = error
                    self._end(job, Outcome.ERROR)
                if job.missing == 0 and job.over is None:
                    self._end(job, Outcome.OK)
                elif job.over is not None and job.computing == 0:
                    self._running.discard(job)
        if error is None:
            self._on_batch(BatchReport(len(sizes), sum(sizes), padded, seconds))

    def _workers_used(self, worker: int) -> float:
        # The cores were shared by as many as were busy, on average of this batch's begin and end.
        if not self._engine.shares_cores:
            return 1.0
        return 2 * self._engine.workers / (self._busy_then[worker] + len(self._busy_since))

    def _expire(self) -> None:
        now = self._clock()
        for job in [job for job in self._queued if job.deadline is not None and job.deadline <= now]:
            self._end(job, Outcome.EXPIRED)

    def _end(self, job: Job, outcome: Outcome) -> None:
        if job.over is not None:
            return
        job.over, job.finished = outcome, self._clock()
        if outcome is not Outcome.OK:
            waiting = [item for item in self._queue if item.job is job]
            if waiting:
                self._queue = [item for item in self._queue if item.job is not job]
                self._queued_tokens -= sum(item.tokens for item in waiting)
        self._queued.discard(job)
        if job.computing == 0:
            self._running.discard(job)
        job.done(job, outcome)
