"""Workers: results, failures and the end."""

import asyncio
import logging
from itertools import pairwise

import pytest

from warmpool_operator.runtime.errors import Invalid, Transient
from warmpool_operator.runtime.workers import run_workers
from warmpool_operator.runtime.workqueue import WorkQueue


def test_a_failure_backs_off_and_a_success_forgets(in_fake_time):
    async def main():
        queue, loop = WorkQueue(jitter=lambda: 0.0), asyncio.get_running_loop()
        start, calls, errors = loop.time(), [], []

        async def handle(key):
            calls.append(round(loop.time() - start, 3))
            if len(calls) <= 3:
                raise ValueError(key)
            queue.shut_down()

        queue.add("a")
        await run_workers(queue, 2, handle, on_error=lambda *error: errors.append(error))
        assert calls == [0, 0.5, 1.5, 3.5]
        assert [(key, str(error), delay) for key, error, delay in errors] == [
            ("a", "a", 0.5),
            ("a", "a", 1),
            ("a", "a", 2),
        ]
        assert queue.failures("a") == 0

    in_fake_time(main)


def test_retry_after_is_waited_for(in_fake_time):
    async def main():
        queue, loop = WorkQueue(), asyncio.get_running_loop()
        calls = []

        async def handle(key):
            calls.append(loop.time())
            if len(calls) == 1:
                raise Transient(429, "TooManyRequests", "slow down", retry_after=17)
            queue.shut_down()

        queue.add("a")
        await run_workers(queue, 1, handle)
        assert calls[1] - calls[0] == pytest.approx(17)

    in_fake_time(main)


def test_the_handler_says_when_to_come_back(in_fake_time):
    async def main():
        queue, loop = WorkQueue(), asyncio.get_running_loop()
        calls = []

        async def handle(key):
            calls.append(loop.time())
            if len(calls) == 3:
                queue.shut_down()
            return 5.0

        queue.add("a")
        await run_workers(queue, 1, handle)
        assert [later - earlier for earlier, later in pairwise(calls)] == [pytest.approx(5)] * 2

    in_fake_time(main)


def test_one_bad_key_does_not_hold_up_the_others(in_fake_time):
    async def main():
        queue, done = WorkQueue(), []

        async def handle(key):
            if key == "bad":
                raise RuntimeError("always")
            done.append(key)
            if done.count("good") == 5:
                queue.shut_down()
            return 1.0

        queue.add("bad")
        queue.add("good")
        await run_workers(queue, 1, handle, on_error=lambda *_: None)
        assert done == ["good"] * 5

    in_fake_time(main)


def test_at_most_so_many_at_once(in_fake_time):
    async def main():
        queue, running, most = WorkQueue(), set(), []

        async def handle(key):
            running.add(key)
            most.append(len(running))
            await asyncio.sleep(1)
            running.discard(key)

        for key in range(20):
            queue.add(key)
        queue.shut_down()
        await run_workers(queue, 3, handle)
        assert max(most) == 3
        assert len(most) == 20

    in_fake_time(main)


def test_cancelling_cancels_the_handlers(in_fake_time):
    async def main():
        queue, ended = WorkQueue(), []

        async def handle(key):
            try:
                await asyncio.sleep(1000)
            finally:
                ended.append(key)

        queue.add("a")
        running = asyncio.create_task(run_workers(queue, 2, handle))
        await asyncio.sleep(1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert ended == ["a"]
        assert queue.active == 0

    in_fake_time(main)


@pytest.mark.parametrize(("error", "stack"), [(Invalid(422, "Invalid", "no"), False), (KeyError("x"), True)])
def test_only_surprises_are_logged_with_a_stack(in_fake_time, caplog, error, stack):
    async def main():
        queue, calls = WorkQueue(), []

        async def handle(key):
            calls.append(key)
            if len(calls) > 1:
                return queue.shut_down()
            raise error

        queue.add("a")
        await run_workers(queue, 1, handle)

    with caplog.at_level(logging.WARNING):
        in_fake_time(main)
    assert len(caplog.records) == 1
    assert bool(caplog.records[0].exc_info) is stack
