import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from warmpool_serving.admission import Speed
from warmpool_serving.batcher import Batcher
from warmpool_serving.config import read_settings
from warmpool_serving.engines.base import Encoded
from warmpool_serving.engines.fake import FakeEngine, encode_text, vector_of
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


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**options: object) -> Bench:
        made.append(Bench(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for item in made:
        item.engine.permits.release(1000)
        item.batcher.stop(5)


def test_vectors_come_back_in_order(bench: Callable[..., Bench], until: Callable[..., None]) -> None:
    one = bench(workers=2)
    job = one.submit("a", "b c", "d e f", "g")
    one.engine.permits.release(10)
    until(lambda: bool(one.over))
    assert job.vectors == [vector_of(encode_text(text)) for text in ("a", "b c", "d e f", "g")]
    assert one.over == [(job, Outcome.OK)]
    assert one.counts() == (0, 0)


def test_a_batch_forms_while_the_worker_is_busy(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench()
    one.submit("first")
    until(lambda: one.counts() == (1, 0))
    for number in range(5):
        one.submit(f"text {number}")
    one.engine.permits.release(2)
    until(lambda: len(one.over) == 6)
    assert one.engine.batches == [1, 5]


def test_one_client_alone_always_has_the_same_worker(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench(workers=3)
    one.engine.permits.release(9)
    for number in range(9):
        until(lambda: len(one.batcher._asleep) == 3)
        one.submit(f"text {number}")
        until(lambda: len(one.over) == number + 1)  # noqa: B023 - called at once
    assert len(set(one.engine.threads)) == 1


def test_no_more_than_the_concurrency_run(bench: Callable[..., Bench], until: Callable[..., None]) -> None:
    one = bench(workers=4, concurrency=3)
    for number in range(7):
        one.submit(f"text {number}")
    until(lambda: one.counts() == (3, 4))
    one.engine.permits.release(100)
    until(lambda: len(one.over) == 7)
    assert one.engine.most <= 3


def test_a_cancelled_request_is_not_computed(bench: Callable[..., Bench], until: Callable[..., None]) -> None:
    one = bench()
    one.submit("first")
    until(lambda: one.counts() == (1, 0))
    gone, kept = one.submit("gone", "gone too"), one.submit("kept")
    one.batcher.end(gone, Outcome.CANCELLED)
    assert one.counts() == (1, 1)
    assert one.batcher.snapshot().queued_tokens == kept.tokens
    one.engine.permits.release(10)
    until(lambda: len(one.over) == 3)
    assert sum(one.engine.batches) == 2
    assert (gone, Outcome.CANCELLED) in one.over


def test_one_that_is_being_computed_counts_until_its_batch_ends(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench()
    job = one.submit("first")
    until(lambda: one.counts() == (1, 0))
    one.batcher.end(job, Outcome.CANCELLED)
    assert one.counts() == (1, 0)
    one.engine.permits.release(1)
    until(lambda: one.counts() == (0, 0))
    assert one.over == [(job, Outcome.CANCELLED)]


def test_a_deadline_that_passed_is_not_computed(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench()
    one.submit("first")
    until(lambda: one.counts() == (1, 0))
    deadline = time.monotonic() + 0.02
    late = one.submit("late", deadline=deadline)
    until(lambda: time.monotonic() > deadline)
    one.engine.permits.release(10)
    until(lambda: len(one.over) == 2)
    assert (late, Outcome.EXPIRED) in one.over
    assert one.engine.batches == [1]


def test_an_engine_that_fails_ends_its_requests_and_goes_on(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench()
    one.engine.fail = True
    broken = one.submit("broken")
    one.engine.permits.release(1)
    until(lambda: len(one.over) == 1)
    assert one.over == [(broken, Outcome.ERROR)]
    assert str(broken.error) == "broken"
    one.engine.fail = False
    fine = one.submit("fine")
    one.engine.permits.release(1)
    until(lambda: len(one.over) == 2)
    assert one.over[-1] == (fine, Outcome.OK)


def test_end_all_ends_what_runs_and_what_waits(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench(concurrency=1)
    for number in range(3):
        one.submit(f"text {number}")
    until(lambda: one.counts() == (1, 2))
    assert one.batcher.end_all(Outcome.DRAINED) == 3
    assert [outcome for _, outcome in one.over] == [Outcome.DRAINED] * 3


def test_a_busy_worker_is_seen_by_the_liveness_check(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench()
    assert one.batcher.longest_batch() == 0.0
    one.submit("first")
    until(lambda: one.batcher.longest_batch() > 0.01)


def test_many_requests_from_many_threads_all_end_once(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench(workers=3, concurrency=5, limits=BatchLimits(tokens=20, items=4))
    one.engine.permits.release(100_000)

    def client(number: int) -> None:
        for index in range(30):
            job = one.submit(*[f"w {number} {index}"] * (1 + index % 3))
            if index % 7 == 0:
                one.batcher.end(job, Outcome.CANCELLED)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: len(one.over) == 180)
    until(lambda: one.counts() == (0, 0))
    assert len({job.number for job, _ in one.over}) == 180
    now = one.batcher.snapshot()
    assert (now.queued_tokens, now.running_tokens, now.oldest) == (0, 0, 0.0)


def test_an_engine_that_is_broken_computes_nothing_more_and_keeps_nobody_waiting(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench(workers=2, concurrency=2)
    one.batcher._goes_on = lambda: False
    one.engine.fail = True
    first, second = one.submit("first"), one.submit("second")
    until(lambda: one.counts() == (2, 0))
    waiting = one.submit("waiting")
    one.engine.permits.release(1)
    until(lambda: len(one.over) == 3)
    outcomes = {job.number: outcome for job, outcome in one.over}
    assert outcomes[waiting.number] is Outcome.DRAINED
    assert sorted([outcomes[first.number], outcomes[second.number]]) == [Outcome.DRAINED, Outcome.ERROR]
    late = one.submit("late")
    assert one.over[-1] == (late, Outcome.DRAINED)
    one.engine.permits.release(100)
    until(lambda: not any(thread.is_alive() for thread in one.batcher._threads))
    assert len(one.engine.batches) == 2, "what was in the engine already, and nothing after it"


def test_a_look_at_a_failed_engine_that_hangs_is_seen_by_the_liveness_check(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one, hangs = bench(), threading.Event()
    one.batcher._goes_on = lambda: hangs.wait(20)
    one.engine.fail = True
    one.submit("broken")
    one.engine.permits.release(1)
    until(lambda: len(one.over) == 1)
    until(lambda: one.batcher.longest_batch() > 0.01)
    hangs.set()
    until(lambda: one.batcher.longest_batch() == 0.0)
