"""Leader election, cut off: a leader that cannot renew knows in time that it leads no more."""

import asyncio

import pytest

from tests.operator.runtime.election import Store, led


@pytest.mark.parametrize("fault", ["hang", "stubborn", "error", "unanswered", "late"])
def test_a_leader_cut_off_stops_in_time(in_fake_time, fault):
    async def main():
        process = await led(Store())
        await asyncio.sleep(20)
        process.line.fault = fault
        cut = asyncio.get_running_loop().time()
        await asyncio.sleep(10.1)
        assert not process.leads
        (_, lost_at) = process.told[-1]
        assert [word for word, _ in process.told] == ["started", "lost"]
        assert 8 <= lost_at - cut <= 10.01
        assert process.task.done()

    in_fake_time(main)


def test_a_renewal_counts_from_when_it_was_sent(in_fake_time):
    """The others may have seen it just then, so counting from the answer would leave too long a reign."""

    async def main():
        process, loop = await led(Store()), asyncio.get_running_loop()
        process.line.fault = "slow"
        writes = len(process.line.store.writes)
        while len(process.line.store.writes) == writes:  # noqa: ASYNC110 - looks at the moment of writing
            await asyncio.sleep(0.01)
        process.line.fault = "error"
        sent = loop.time() - 1.5
        await process.task
        assert process.told[-1][1] <= sent + 10.01

    in_fake_time(main)


def test_a_short_outage_is_outlasted(in_fake_time):
    async def main():
        process = await led(Store())
        for fault in ("error", "hang", "unanswered", "slow"):
            await asyncio.sleep(20)
            process.line.fault = fault
            await asyncio.sleep(4)
            process.line.fault = "ok"
        await asyncio.sleep(20)
        assert process.leads
        assert [word for word, _ in process.told] == ["started"]

    in_fake_time(main)


def test_a_process_that_was_stopped_knows_before_any_of_its_tasks_ran(in_fake_time):
    async def main():
        process, loop = await led(Store()), asyncio.get_running_loop()
        loop.now += 11
        assert not process.leads
        calls = process.line.calls
        await asyncio.sleep(0.01)
        assert process.told[-1][0] == "lost"
        assert process.line.calls == calls

    in_fake_time(main)


def test_a_lease_taken_by_force_is_lost_at_once(in_fake_time):
    async def main():
        store = Store()
        process = await led(store)
        store.write({"metadata": {}, "spec": {"holderIdentity": "z", "leaseDurationSeconds": 15}})
        await asyncio.sleep(2.1)
        assert not process.leads
        assert process.told[-1][0] == "lost"
        assert store.lease["spec"]["holderIdentity"] == "z"

    in_fake_time(main)


def test_no_release_after_a_loss_because_work_may_still_run(in_fake_time):
    async def main():
        store = Store()
        process = await led(store)
        process.line.fault = "error"
        await process.task
        assert process.told[-1][0] == "lost"
        process.line.fault = "ok"
        await asyncio.sleep(60)
        assert store.lease["spec"]["holderIdentity"] == "a"

    in_fake_time(main)
