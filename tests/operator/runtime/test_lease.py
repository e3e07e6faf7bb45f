"""Leader election: who takes the lease, who waits, who follows, and never two at once."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.operator.runtime.election import REF, Process, Store, led
from warmpool_operator.runtime.errors import Invalid
from warmpool_operator.runtime.lease import LeaseSettings


def test_the_first_takes_a_lease_that_does_not_exist(in_fake_time):
    async def main():
        store = Store()
        await led(store)
        spec = store.lease["spec"]
        assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (
            "a",
            15,
            0,
        )
        assert store.lease["metadata"]["name"] == REF.name
        assert spec["renewTime"].endswith("Z")

    in_fake_time(main)


def test_renewal_is_one_call_and_keeps_the_time_of_taking(in_fake_time):
    async def main():
        store = Store()
        process = await led(store)
        calls, taken = process.line.calls, store.lease["spec"]["acquireTime"]
        await asyncio.sleep(60)
        assert process.leads
        assert process.line.calls - calls == pytest.approx(30, abs=1)
        assert store.lease["spec"]["acquireTime"] == taken
        assert store.lease["spec"]["leaseTransitions"] == 0

    in_fake_time(main)


def test_the_second_waits_while_the_first_renews(in_fake_time):
    async def main():
        store = Store()
        first, second = await led(store), Process(store, "b")
        await asyncio.sleep(600)
        assert first.leads
        assert not second.leads
        assert second.told == []
        assert second.elector.holder == "a"

    in_fake_time(main)


def test_given_back_on_the_way_out_it_is_taken_at_once(in_fake_time):
    async def main():
        store = Store()
        first, second = await led(store), Process(store, "b")
        await asyncio.sleep(30)
        await first.stop()
        assert not first.leads
        assert store.lease["spec"]["holderIdentity"] == ""
        await asyncio.sleep(2.5)
        assert second.leads
        assert store.lease["spec"]["leaseTransitions"] == 1
        assert [word for word, _ in first.told] == ["started"]

    in_fake_time(main)


def test_a_dead_leader_is_followed_after_the_lease_duration(in_fake_time):
    async def main():
        store, loop = Store(), asyncio.get_running_loop()
        first, second = await led(store), Process(store, "b")
        await asyncio.sleep(30)
        first.line.fault = "hang"
        died = loop.time()
        await asyncio.sleep(15 + 2 * 2.4)
        [(_, began)] = second.told
        (_, ended) = first.told[-1]
        assert second.leads
        assert began - died >= 13
        assert ended < began

    in_fake_time(main)


@pytest.mark.parametrize("tampering", ["touch", "delete", "clear"])
def test_a_lease_that_someone_touched_is_kept(in_fake_time, tampering):
    async def main():
        store = Store()
        process = await led(store)
        if tampering == "touch":
            store.write({**store.lease, "metadata": {**store.lease["metadata"], "annotations": {"a": "b"}}})
        elif tampering == "delete":
            store.lease = None
        else:
            store.write({"metadata": {}, "spec": {}})
        await asyncio.sleep(30)
        assert process.leads
        assert store.lease["spec"]["holderIdentity"] == "a"

    in_fake_time(main)


def test_an_end_during_the_taking_gives_back_what_was_taken(in_fake_time):
    async def main():
        store = Store()
        process = Process(store, "a")
        process.line.fault = "slow"
        await asyncio.sleep(2)  # the create is under way
        await process.stop()
        process = Process(store, "b")
        await asyncio.sleep(0.1)
        assert process.leads

    in_fake_time(main)


def test_an_end_while_the_store_hangs_is_not_held_up(in_fake_time):
    async def main():
        process, loop = await led(Store()), asyncio.get_running_loop()
        process.line.fault = "hang"
        before = loop.time()
        await process.stop()
        assert loop.time() - before <= 2.01

    in_fake_time(main)


@pytest.mark.parametrize("error", [Invalid(422, "Invalid", "no"), ZeroDivisionError("a bug")])
def test_a_candidate_never_gives_up(in_fake_time, error):
    async def main():
        store = Store()
        process = Process(store, "a")

        async def broken(ref):
            raise error

        process.line.get = broken
        await asyncio.sleep(60)
        assert not process.task.done()
        del process.line.get
        await asyncio.sleep(3)
        assert process.leads

    in_fake_time(main)


@pytest.mark.parametrize("times", [(15, 15, 2), (15, 10, 10), (5, 10, 2), (15, 10, 0)])
def test_times_that_allow_two_leaders_are_refused(times):
    duration, deadline, retry = times
    with pytest.raises(ValueError, match="renew deadline"):
        LeaseSettings("n", "l", "a", lease_duration=duration, renew_deadline=deadline, retry_period=retry)


FAULTS = st.sampled_from(["ok", "ok", "error", "slow", "hang", "unanswered", "late", "stop", "kill"])
STORY = st.lists(st.tuples(st.integers(0, 2), FAULTS, st.floats(0.1, 20)), max_size=25)


@settings(max_examples=150, deadline=None)
@given(story=STORY)
def test_never_two_leaders_and_always_one_in_the_end(in_fake_time, story):
    """Whatever happens to three processes; one that lost or ended is started anew, as a pod would be."""

    async def main():
        store, loop = Store(), asyncio.get_running_loop()
        processes, started = [Process(store, f"p{number}") for number in range(3)], 3

        async def pass_time(seconds):
            nonlocal started
            end = loop.time() + seconds
            while loop.time() < end:
                leaders = [process for process in processes if process.leads]
                assert len(leaders) <= 1
                for number, process in enumerate(processes):
                    if process.task.done():
                        processes[number] = Process(store, f"p{started}")
                        started += 1
                await asyncio.sleep(0.25)

        for number, fault, seconds in story:
            if fault == "stop":
                await processes[number].stop()
            elif fault == "kill":
                processes[number].line.fault = "hang"
                await processes[number].stop()
            else:
                processes[number].line.fault = fault
            await pass_time(seconds)
        for process in processes:
            process.line.fault = "ok"
        await pass_time(7 + 15 + 5 + 2 * 2.4)
        assert sum(process.leads for process in processes) == 1

    in_fake_time(main)
