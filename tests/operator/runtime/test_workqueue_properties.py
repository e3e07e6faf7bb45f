"""The work queue under any work: nothing lost, nothing overlapping, earliest time wins, backoff bounded."""

import asyncio
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmpool_operator.runtime.workqueue import QueueShutDown, WorkQueue

KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), KEYS, st.just(0.0)),
        st.tuples(st.just("after"), KEYS, st.floats(0, 20)),
        st.tuples(st.just("retry"), KEYS, st.just(0.0)),
        st.tuples(st.just("wait"), KEYS, st.floats(0, 10)),
        st.tuples(st.just("cancel"), KEYS, st.just(0.0)),
    ),
    max_size=40,
)


class Crew:
    """Workers that write down when work on each key was wished for, was due, and began."""

    def __init__(self, workers, work):
        self.queue, self.loop = WorkQueue(jitter=lambda: 0.5), asyncio.get_running_loop()
        self.workers, self.work = workers, work
        self.busy, self.began, self.wishes = set(), defaultdict(list), defaultdict(list)
        self.tasks = [asyncio.create_task(self.labour()) for _ in range(workers)]

    async def labour(self):
        while True:
            key = await self.queue.get()
            assert key not in self.busy
            assert self.queue.active <= self.workers
            self.busy.add(key)
            self.began[key].append(self.loop.time())
            try:
                await asyncio.sleep(self.work)
            finally:
                self.busy.discard(key)
                self.queue.done(key)

    async def replace_one(self):
        """A worker that dies gives its key back; another one takes its place."""
        self.tasks[0].cancel()
        self.tasks.append(asyncio.create_task(self.labour()))
        await asyncio.gather(self.tasks.pop(0), return_exceptions=True)

    def wish(self, what, key, seconds):
        asked = self.loop.time()
        if what == "add":
            self.queue.add(key)
            delay = 0.0
        elif what == "after":
            self.queue.add_after(key, seconds)
            delay = seconds
        else:
            delay = self.queue.add_rate_limited(key)
        self.wishes[key].append((asked, asked + delay))


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, workers=st.integers(1, 4), work=st.floats(0, 8))
def test_nothing_is_lost_and_nothing_overlaps(in_fake_time, steps, workers, work):
    """Work that began after a wish serves it, and comes as soon as its time and the workers allow."""

    async def main():
        crew = Crew(workers, work)
        for what, key, seconds in steps:
            if what == "wait":
                await asyncio.sleep(seconds)
            elif what == "cancel":
                await crew.replace_one()
            else:
                crew.wish(what, key, seconds)
        await asyncio.sleep(100_000)
        assert not crew.queue._heap
        assert not crew.queue._due
        for key, wishes in crew.wishes.items():
            for asked, due in wishes:
                serving = [start for start in crew.began[key] if start >= asked - 1e-6]
                assert serving
                assert min(serving) <= due + (len(steps) + 3) * work + 1e-6
            assert len(crew.began[key]) <= len(wishes)
        crew.queue.shut_down()
        results = await asyncio.gather(*crew.tasks, return_exceptions=True)
        assert all(isinstance(result, QueueShutDown) for result in results), results

    in_fake_time(main)


@settings(max_examples=100, deadline=None)
@given(failures=st.integers(0, 5000), draw=st.floats(0, 1, exclude_max=True))
def test_backoff_stays_in_its_bounds(in_fake_time, failures, draw):
    async def main():
        queue = WorkQueue(jitter=lambda: draw)
        queue._failures["a"] = failures
        assert 0.4 <= queue.add_rate_limited("a") <= 300

    in_fake_time(main)


@settings(max_examples=100, deadline=None)
@given(delays=st.lists(st.tuples(st.integers(0, 9), st.floats(0.001, 100)), min_size=1, max_size=30))
def test_delayed_keys_come_in_the_order_of_their_earliest_time(in_fake_time, delays):
    async def main():
        queue, loop = WorkQueue(), asyncio.get_running_loop()
        start, earliest = loop.time(), {}
        for key, seconds in delays:
            queue.add_after(key, seconds)
            earliest[key] = min(seconds, earliest.get(key, 1e9))
        came = {}
        while len(came) < len(earliest):
            key = await queue.get()
            came[key] = loop.time() - start
            queue.done(key)
        assert came == {key: pytest.approx(due, abs=1e-6) for key, due in earliest.items()}
        assert list(came.values()) == sorted(came.values())

    in_fake_time(main)
