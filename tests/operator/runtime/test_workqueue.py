"""The work queue: who waits and is told of, how long, and how it ends."""

import asyncio

import pytest

from warmpool_operator.runtime.workqueue import QueueShutDown, WorkQueue


class Observed:
    def __init__(self):
        self.calls = []

    def added(self, depth):
        self.calls.append(("added", depth))

    def started(self, depth, waited):
        self.calls.append(("started", depth, waited))

    def finished(self, worked):
        self.calls.append(("finished", worked))

    def retried(self):
        self.calls.append(("retried",))


def test_a_waiting_key_waits_once(in_fake_time):
    async def main():
        queue = WorkQueue()
        for key in "aba":
            queue.add(key)
        assert len(queue) == 2
        assert [await queue.get(), await queue.get()] == ["a", "b"]

    in_fake_time(main)


def test_a_key_added_while_worked_on_is_worked_on_again_and_not_before(in_fake_time):
    async def main():
        queue = WorkQueue()
        queue.add("a")
        await queue.get()
        queue.add("a")
        queue.add("a")
        assert len(queue) == 0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.get(), 60)
        queue.done("a")
        assert await queue.get() == "a"
        queue.done("a")
        assert len(queue) == 0

    in_fake_time(main)


def test_the_earliest_of_several_times_wins(in_fake_time):
    async def main():
        queue, loop = WorkQueue(), asyncio.get_running_loop()
        start = loop.time()
        for seconds in (30, 10, 20):
            queue.add_after("a", seconds)
        queue.add_after("b", 5)
        arrivals = []
        for _ in range(2):
            key = await queue.get()
            arrivals.append((key, loop.time() - start))
            queue.done(key)
        assert arrivals == [("b", pytest.approx(5)), ("a", pytest.approx(10))]
        await asyncio.sleep(60)
        assert len(queue) == 0

    in_fake_time(main)


def test_a_delay_that_is_over_is_none(in_fake_time):
    async def main():
        queue = WorkQueue()
        queue.add_after("a", 0)
        queue.add_after("b", -1)
        assert len(queue) == 2

    in_fake_time(main)


def test_an_add_does_not_cancel_a_later_time(in_fake_time):
    async def main():
        queue = WorkQueue()
        queue.add_after("a", 10)
        queue.add("a")
        for _ in range(2):
            assert await queue.get() == "a"
            queue.done("a")

    in_fake_time(main)


def test_backoff_doubles_is_bounded_and_forgotten(in_fake_time):
    async def main():
        queue = WorkQueue(base_delay=0.5, max_delay=300, jitter=lambda: 0.0)
        delays = [queue.add_rate_limited("a") for _ in range(2000)]
        assert delays[:4] == [0.5, 1, 2, 4]
        assert max(delays) == delays[-1] == 300
        assert queue.failures("a") == 2000
        queue.forget("a")
        assert queue.add_rate_limited("a") == 0.5
        assert queue.add_rate_limited("b", at_least=400) == 400

    in_fake_time(main)


def test_jitter_only_shortens_and_by_a_fifth_at_most(in_fake_time):
    async def main():
        queue = WorkQueue(jitter=lambda: 1.0)
        assert queue.add_rate_limited("a") == pytest.approx(0.4)

    in_fake_time(main)


def test_observer_and_gauges(in_fake_time):
    async def main():
        seen = Observed()
        queue = WorkQueue(observer=seen)
        queue.add("a")
        await asyncio.sleep(2)
        await queue.get()
        assert queue.active == 1
        await asyncio.sleep(3)
        assert queue.longest_running_seconds == queue.unfinished_seconds == pytest.approx(3)
        queue.done("a")
        queue.add_rate_limited("a")
        assert queue.longest_running_seconds == queue.unfinished_seconds == 0
        assert seen.calls == [
            ("added", 1),
            ("started", 0, pytest.approx(2)),
            ("finished", pytest.approx(3)),
            ("retried",),
        ]

    in_fake_time(main)


def test_shut_down_drains(in_fake_time):
    async def main():
        queue = WorkQueue()
        queue.add("a")
        queue.add("b")
        queue.add_after("c", 1)
        await queue.get()
        queue.shut_down()
        queue.add("d")
        queue.add_after("e", 1)
        assert await queue.get() == "b"
        queue.done("b")
        joined = asyncio.create_task(queue.join())
        await asyncio.sleep(60)
        assert not joined.done()
        queue.done("a")
        await joined
        with pytest.raises(QueueShutDown):
            await queue.get()

    in_fake_time(main)


def test_shut_down_without_draining_drops_what_waits(in_fake_time):
    async def main():
        queue = WorkQueue()
        queue.add("a")
        queue.add("b")
        await queue.get()
        queue.add("a")
        queue.shut_down(drain=False)
        queue.done("a")
        await queue.join()
        with pytest.raises(QueueShutDown):
            await queue.get()

    in_fake_time(main)


def test_shut_down_wakes_all_who_wait(in_fake_time):
    async def main():
        queue = WorkQueue()
        waiting = [asyncio.create_task(queue.get()) for _ in range(3)]
        await asyncio.sleep(0)
        queue.shut_down()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [QueueShutDown] * 3

    in_fake_time(main)


def test_a_cancelled_getter_passes_its_wake_up_on(in_fake_time):
    async def main():
        queue = WorkQueue()
        first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        queue.add("a")
        first.cancel()
        assert await asyncio.wait_for(second, 1) == "a"

    in_fake_time(main)
