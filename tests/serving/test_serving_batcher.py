"""The batcher: what is computed together, by whom and how much at once, and that each request ends once."""

import threading
import time
from collections.abc import Callable

from tests.serving.gated import Bench
from warmpool_serving.engines.fake import encode_text, vector_of
from warmpool_serving.names import Outcome
from warmpool_serving.policy import BatchLimits


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


def test_end_all_ends_what_runs_and_what_waits(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench(concurrency=1)
    for number in range(3):
        one.submit(f"text {number}")
    until(lambda: one.counts() == (1, 2))
    assert one.batcher.end_all(Outcome.DRAINED) == 3
    assert [outcome for _, outcome in one.over] == [Outcome.DRAINED] * 3


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
