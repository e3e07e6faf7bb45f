"""The batcher over an engine that fails, breaks or hangs: nobody is kept waiting, and liveness notices."""

import threading
from collections.abc import Callable

from tests.serving.gated import Bench
from warmpool_serving.names import Outcome


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


def test_a_busy_worker_is_seen_by_the_liveness_check(
    bench: Callable[..., Bench], until: Callable[..., None]
) -> None:
    one = bench()
    assert one.batcher.longest_batch() == 0.0
    one.submit("first")
    until(lambda: one.batcher.longest_batch() > 0.01)


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
