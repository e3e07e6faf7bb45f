"""The tick: which pools it wakes."""

import asyncio

from warmpool_operator.app import RETRY_SECONDS, wake
from warmpool_operator.observe.cache import Key
from warmpool_operator.runtime.workqueue import WorkQueue


def test_a_tick_leaves_failing_pools_to_their_backoff() -> None:
    async def main() -> list[Key]:
        queue: WorkQueue[Key] = WorkQueue(max_delay=RETRY_SECONDS)
        good, bad = Key("team", "good"), Key("team", "bad")
        queue.add_rate_limited(bad)
        wake(queue, [bad, good])
        taken = [await queue.get() for _ in range(len(queue))]
        assert taken == [good]
        queue.forget(bad)
        wake(queue, [bad])
        return [await queue.get()]

    assert asyncio.run(main()) == [Key("team", "bad")]
