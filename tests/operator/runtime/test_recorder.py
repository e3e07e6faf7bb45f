"""Events: what is written, what is dropped, and that nobody is held up."""

import asyncio

import pytest

from warmpool_operator.runtime.errors import Conflict, Forbidden, Transient
from warmpool_operator.runtime.event_filter import BURST, REMEMBERED, EventFilter
from warmpool_operator.runtime.recorder import MAX_RETRY_SECONDS, WAITING, EventRecorder

POOL = {
    "apiVersion": "warmpool.dev/v1alpha1",
    "kind": "WarmModelPool",
    "metadata": {"namespace": "team", "name": "minilm", "uid": "u1", "resourceVersion": "9"},
    "spec": {"secret": "never shown"},
}


class Api:
    """Keeps events; fails with what it was given first."""

    def __init__(self, *failures):
        self.failures, self.created, self.tries = list(failures), [], []

    async def create(self, resource, namespace, manifest, *, manager):
        self.tries.append(asyncio.get_running_loop().time())
        if self.failures:
            failure = self.failures.pop(0)
            if failure == "hang":
                await asyncio.sleep(1e6)
            raise failure
        self.created.append((resource.plural, namespace, manifest))
        return manifest


class Bench:
    """A recorder that runs, and what it counted."""

    def __init__(self, *failures):
        self.api, self.counted = Api(*failures), []
        self.loop = asyncio.get_running_loop()
        self.recorder = EventRecorder(
            self.api,
            controller="warmpool.dev/operator",
            instance="pod-1",
            on_event=self.counted.append,
            clock=self.loop.time,
        )
        self.task = asyncio.create_task(self.recorder.run())

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def test_an_event_says_what_the_api_wants(in_fake_time):
    async def main():
        bench = Bench()
        bench.recorder.event(POOL, type="Warning", reason="StartupFailing", note="3 pods", action="Observe")
        await asyncio.sleep(1)
        [(plural, namespace, event)] = bench.api.created
        assert (plural, namespace) == ("events", "team")
        assert event["apiVersion"] == "events.k8s.io/v1"
        assert event["metadata"]["name"].startswith("minilm.")
        assert event["regarding"] == {
            "apiVersion": "warmpool.dev/v1alpha1",
            "kind": "WarmModelPool",
            "namespace": "team",
            "name": "minilm",
            "uid": "u1",
        }
        wanted = {
            "type": "Warning",
            "reason": "StartupFailing",
            "note": "3 pods",
            "action": "Observe",
            "reportingController": "warmpool.dev/operator",
            "reportingInstance": "pod-1",
        }
        assert wanted.items() <= event.items()
        assert "secret" not in str(event)
        assert bench.counted == ["sent"]
        await bench.stop()

    in_fake_time(main)


def test_long_texts_and_names_are_cut_to_what_the_api_takes(in_fake_time):
    async def main():
        bench = Bench()
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n" * 253}}
        bench.recorder.event(node, reason="R" * 200, note="x" * 2000)
        await asyncio.sleep(1)
        [(_, namespace, event)] = bench.api.created
        assert namespace == "default"
        assert (len(event["note"]), len(event["reason"]), len(event["metadata"]["name"])) == (1024, 128, 253)
        assert "namespace" not in event["regarding"]
        await bench.stop()

    in_fake_time(main)


def test_a_repetition_is_dropped_for_ten_minutes(in_fake_time):
    async def main():
        bench = Bench()
        bench.recorder.event(POOL, reason="Scaled", note="1 to 2")
        await asyncio.sleep(599)
        bench.recorder.event(POOL, reason="Scaled", note="1 to 2")
        bench.recorder.event(POOL, reason="Scaled", note="2 to 3")
        await asyncio.sleep(1)
        bench.recorder.event(POOL, reason="Scaled", note="1 to 2")
        await asyncio.sleep(1)
        assert bench.counted == ["sent", "duplicate", "sent", "sent"]
        await bench.stop()

    in_fake_time(main)


def test_too_many_events_about_one_object_are_dropped_and_others_not(in_fake_time):
    async def main():
        bench = Bench()
        for number in range(BURST + 5):
            bench.recorder.event(POOL, reason="Scaled", note=str(number))
        other = {**POOL, "metadata": {**POOL["metadata"], "name": "other", "uid": "u2"}}
        bench.recorder.event(other, reason="Scaled", note="0")
        await asyncio.sleep(300)
        bench.recorder.event(POOL, reason="Scaled", note="after five minutes")
        bench.recorder.event(POOL, reason="Scaled", note="and one too many")
        await asyncio.sleep(1)
        assert bench.counted.count("sent") == BURST + 2
        assert bench.counted.count("rate_limited") == 6
        await bench.stop()

    in_fake_time(main)


def test_a_full_queue_drops_and_nobody_waits(in_fake_time):
    async def main():
        bench = Bench("hang")
        before = bench.loop.time()
        for number in range(WAITING + 10):
            pool = {**POOL, "metadata": {**POOL["metadata"], "name": f"p{number}", "uid": str(number)}}
            bench.recorder.event(pool, reason="Scaled", note="x")
        assert bench.loop.time() == before
        assert bench.counted == ["queue_full"] * 10
        await asyncio.sleep(1)
        await bench.stop()
        assert bench.counted.count("sent") == WAITING

    in_fake_time(main)


def test_a_short_outage_is_outlasted(in_fake_time):
    async def main():
        down = Transient(503, "ServiceUnavailable", "down")
        slow = Transient(429, "TooManyRequests", "slow", retry_after=900)
        bench = Bench(down, slow)
        bench.recorder.event(POOL, reason="Scaled", note="x")
        await asyncio.sleep(100)
        assert bench.counted == ["sent"]
        waits = [later - bench.api.tries[0] for later in bench.api.tries[1:]]
        assert waits == [pytest.approx(2), pytest.approx(2 + MAX_RETRY_SECONDS)]
        await bench.stop()

    in_fake_time(main)


@pytest.mark.parametrize(
    ("failures", "tries"),
    [
        ([Transient(503, "ServiceUnavailable", "down")] * 3, 3),
        ([Forbidden(403, "Forbidden", "namespace is terminating")], 1),
        ([ZeroDivisionError("a bug")], 1),
    ],
)
def test_what_the_api_does_not_take_is_dropped_and_the_next_is_written(in_fake_time, failures, tries):
    async def main():
        bench = Bench(*failures)
        bench.recorder.event(POOL, reason="Scaled", note="x")
        bench.recorder.event(POOL, reason="Scaled", note="y")
        await asyncio.sleep(100)
        assert bench.counted == ["failed", "sent"]
        assert len(bench.api.tries) == tries + 1
        await bench.stop()

    in_fake_time(main)


def test_an_event_whose_answer_was_lost_counts_as_written(in_fake_time):
    async def main():
        bench = Bench(Transient(0, "Timeout", "no answer"), Conflict(409, "AlreadyExists", "exists"))
        bench.recorder.event(POOL, reason="Scaled", note="x")
        await asyncio.sleep(10)
        assert bench.counted == ["sent"]
        await bench.stop()

    in_fake_time(main)


def test_what_waits_is_written_at_the_end_but_not_for_ever(in_fake_time):
    async def main():
        bench = Bench("hang", "hang")
        bench.recorder.event(POOL, reason="Scaled", note="x")
        bench.recorder.event(POOL, reason="Scaled", note="y")
        await asyncio.sleep(5)
        before = bench.loop.time()
        await bench.stop()
        assert bench.loop.time() - before == pytest.approx(2)
        assert bench.counted == ["failed", "failed"]

    in_fake_time(main)


def test_an_object_without_a_name_is_our_bug_and_does_not_stop_the_caller(in_fake_time):
    async def main():
        bench = Bench()
        bench.recorder.event({"kind": "Pod"}, reason="Scaled", note="x")
        assert bench.counted == ["failed"]
        await bench.stop()

    in_fake_time(main)


def test_the_filter_forgets_what_it_heard_longest_ago():
    judge = EventFilter()
    for number in range(REMEMBERED + 1):
        assert judge.judge(number, "R", "n", 0.0) is None
    assert judge.judge(REMEMBERED, "R", "n", 1.0) == "duplicate"
    assert judge.judge(0, "R", "n", 1.0) is None
    assert len(judge._seen) == len(judge._buckets) == REMEMBERED
