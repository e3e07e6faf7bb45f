"""A batcher whose engine computes when a test permits it."""

import threading
import time
from collections.abc import Sequence

from warmpool_serving.admission import Speed
from warmpool_serving.batcher import Batcher
from warmpool_serving.config import read_settings
from warmpool_serving.engines.base import Encoded
from warmpool_serving.engines.fake import FakeEngine, encode_text
from warmpool_serving.jobs import Job
from warmpool_serving.names import Outcome
from warmpool_serving.policy import BatchLimits


class Gated(FakeEngine):
    """The fake engine, but each batch waits for a permit, and it keeps what it was given."""

    def __init__(self, workers: int) -> None:
        super().__init__(read_settings({"WARMPOOL_FAKE_SERVICE_MS": "0"}))
        self.workers = workers
        self.permits = threading.Semaphore(0)
        self.batches: list[int] = []
        self.threads: list[str] = []
        self.fail = False
        self.inside = self.most = 0
        self._counting = threading.Lock()

    def compute(self, batch: Sequence[Encoded]) -> list[bytes]:
        with self._counting:
            self.inside += len(batch)
            self.most = max(self.most, self.inside)
        self.permits.acquire()
        with self._counting:
            self.inside -= len(batch)
        self.batches.append(len(batch))
        self.threads.append(threading.current_thread().name)
        if self.fail:
            raise RuntimeError("broken")
        return super().compute(batch)


class Bench:
    """A batcher over a gated engine, and the outcomes of its jobs."""

    def __init__(self, *, workers: int = 1, concurrency: int = 8, limits: BatchLimits | None = None) -> None:
        self.engine = Gated(workers)
        self.batcher = Batcher(
            self.engine,
            limits=limits or BatchLimits(),
            concurrency=concurrency,
            urgent_after=0.5,
            speed=Speed(),
        )
        self.batcher.start()
        self.over: list[tuple[Job, Outcome]] = []

    def submit(self, *texts: str, deadline: float | None = None) -> Job:
        job = Job(
            [encode_text(text) for text in texts],
            done=lambda ended, outcome: self.over.append((ended, outcome)),
            arrived=time.monotonic(),
            deadline=deadline,
        )
        self.batcher.submit(job)
        return job

    def counts(self) -> tuple[int, int]:
        now = self.batcher.snapshot()
        return now.running, now.queued
