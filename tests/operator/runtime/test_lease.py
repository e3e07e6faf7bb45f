"""Leader election against a store that hangs, refuses, delays and forgets to answer."""

import asyncio
import contextlib
import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmpool_operator.runtime.errors import Conflict, Invalid, NotFound, Transient
from warmpool_operator.runtime.lease import LeaderElector, LeaseSettings
from warmpool_operator.runtime.resources import LEASES, ObjectRef

REF = ObjectRef(LEASES, "ops", "warmpool-operator")


class Store:
    """One lease with optimistic concurrency, as the API server keeps it."""

    def __init__(self):
        self.lease, self.version, self.writes = None, 0, []

    def write(self, manifest):
        self.version += 1
        self.lease = copy.deepcopy(manifest)
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        self.writes.append(manifest["spec"])
        return copy.deepcopy(self.lease)

    def create(self, manifest):
        if self.lease is not None:
            raise Conflict(409, "AlreadyExists", "exists")
        return self.write(manifest)

    def replace(self, manifest):
        if self.lease is None:
            raise NotFound(404, "NotFound", "gone")
        if manifest["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Conflict(409, "Conflict", "changed")
        return self.write(manifest)


class Line:
    """One process's connection to the store; `fault` says what happens to its calls."""

    def __init__(self, store):
        self.store, self.fault, self.calls, self.background = store, "ok", 0, set()

    async def get(self, ref):
        return await self._call(lambda: copy.deepcopy(self.store.lease))

    async def create(self, resource, namespace, manifest, *, manager):
        return await self._call(lambda: self.store.create(manifest))

    async def replace(self, ref, manifest):
        return await self._call(lambda: self.store.replace(manifest))

    async def _call(self, act):
        self.calls += 1
        fault = self.fault
        if fault == "error":
            raise Transient(503, "ServiceUnavailable", "down")
        if fault == "slow":
            await asyncio.sleep(1.5)
        if fault == "hang":
            await asyncio.sleep(1e9)
        if fault == "stubborn":
            until = asyncio.get_running_loop().time() + 100
            while asyncio.get_running_loop().time() < until:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(1)
        if fault == "late":  # arrives when the caller has given up
            self._later(act)
            await asyncio.sleep(1e9)
        answer = act()
        if fault == "unanswered":
            await asyncio.sleep(1e9)
        return answer

    def _later(self, act):
        async def arrive():
            await asyncio.sleep(7)
            with contextlib.suppress(Conflict, NotFound):
                act()

        task = asyncio.create_task(arrive())
        self.background.add(task)


class Process:
    """An elector that runs, and what it told."""

    def __init__(self, store, identity, **times):
        self.line, self.told, self.loop = Line(store), [], asyncio.get_running_loop()
        self.elector = LeaderElector(
            self.line,
            LeaseSettings(REF.namespace, REF.name, identity, **times),
            on_started=lambda: self.told.append(("started", self.loop.time())),
            on_lost=lambda: self.told.append(("lost", self.loop.time())),
            clock=self.loop.time,
        )
        self.task = asyncio.create_task(self.elector.run())

    @property
    def leads(self):
        return self.elector.is_leader

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def led(store, identity="a"):
    process = Process(store, identity)
    await asyncio.sleep(0.1)
    assert process.leads
    return process


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
