"""Every recorded decision comes out again: over thousands of ticks, through JSON, from the middle, and changed."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.record import CHUNK_TICKS, Record, Replayed, replay, what_if
from warmpool_operator.capacity.record_wire import RecordError, from_wire, to_wire
from warmpool_operator.capacity.step import Inputs, Recall, step
from warmpool_operator.capacity.types import Binding, Decision, Observation

NOW = 1_767_225_600_000
RULES: dict[str, Any] = {
    "minReplicas": 0,
    "maxReplicas": 12,
    "concurrencyBuffer": 1,
    "bufferMode": "WhenActive",
    "keepAliveSeconds": 20,
    "scalingDelaySeconds": 2,
    "scaleIn": {"maxPods": 2, "periodSeconds": 10},
    "schedules": [
        {
            "name": "quarter",
            "start": "*/15 * * * *",
            "timeZone": "UTC",
            "durationSeconds": 240,
            "minReplicas": 5,
        }
    ],
    "thresholds": [
        {"name": "busy", "signal": "requestsPerMinute", "enter": 900, "exit": 500, "forSeconds": 3}
        | {"holdSeconds": 20, "factorPercent": 150},
        {"name": "full", "signal": "utilization", "enter": 80, "exit": 40, "forSeconds": 2, "minReplicas": 3},
    ],
    "overrides": [{"name": "o", "maxReplicas": 9, "until": "2026-01-01T00:40:00Z"}],
}


def traffic(ticks: int, seed: int) -> Iterator[Inputs]:
    """A day in the life of a pool: waves, silence, refusals, gaps."""
    chance, now, running = random.Random(seed), NOW, 0
    for _ in range(ticks):
        now += 500 if chance.random() < 0.99 else chance.randrange(1, 30_000)
        running = max(0, min(60, running + chance.choice((-3, -1, 0, 0, 1, 2))))
        if chance.random() < 0.3:
            running = running if chance.random() < 0.9 else 0
        silent = chance.choice((0,) * 9 + (1, 3))
        seen = Observation(
            running=running,
            queued=chance.choice((0, 0, 0, running // 3)),
            refused=chance.choice((0,) * 8 + (4,)),
            held=chance.choice((0,) * 20 + (2,)),
            oldest_queued_ms=chance.randrange(4000),
            answered=chance.choice((0, 3, 5)),
            silent=silent,
            replicas=chance.randrange(12),
        )
        rate = chance.choice((None, running * 30))
        yield Inputs(now_ms=now, seen=seen, per_minute=rate, auto_lead_ms=chance.choice((4000, 30_000)))


def recorded(inputs: Iterator[Inputs], record: Record, rules: dict[str, Any] = RULES) -> list[Decision]:
    scaling, recall, made = Scaling.model_validate(rules), Recall(), []
    for each in inputs:
        answer = step(scaling, each, recall, concurrency=4)
        record.add(scaling, each, recall, answer, concurrency=4)
        recall = Recall(memory=answer[1].memory, policy=answer[0].memory)
        made.append(answer[1])
    return made


def over_the_wire(record: Record) -> list[Replayed]:
    return list(replay(from_wire(json.loads(json.dumps(to_wire(record.chunks()))))))


def test_ten_thousand_decisions_come_out_again_bit_by_bit() -> None:
    record = Record(limit=20_000)
    made = recorded(traffic(10_000, seed=1), record)
    assert len({each.binding for each in made}) >= 7, "the traffic is too tame to prove anything"
    again = over_the_wire(record)
    assert all(each.exact for each in again)
    assert [each.decision for each in again] == made


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 900))
def test_any_traffic_is_replayed(seed: int, ticks: int) -> None:
    record = Record()
    made = recorded(traffic(ticks, seed), record)
    assert [each.decision for each in over_the_wire(record)] == made


def test_the_ring_drops_the_oldest_and_the_rest_still_comes_out_again() -> None:
    record = Record(limit=1000)
    made = recorded(traffic(5_000, seed=2), record)
    again = over_the_wire(record)
    assert 1000 <= len(again) <= 1000 + CHUNK_TICKS
    assert [each.decision for each in again] == made[-len(again) :]


def test_a_spec_that_changes_begins_a_chunk_of_its_own() -> None:
    record, recall = Record(), Recall()
    inputs = list(traffic(40, seed=3))
    for index, each in enumerate(inputs):
        scaling = Scaling.model_validate(RULES | {"concurrencyBuffer": index // 20})
        answer = step(scaling, each, recall, concurrency=4)
        record.add(scaling, each, recall, answer, concurrency=4)
        recall = Recall(memory=answer[1].memory, policy=answer[0].memory)
    assert [len(chunk.ticks) for chunk in record.chunks()] == [20, 20]
    assert all(each.exact for each in over_the_wire(record))
    middle = inputs[25].now_ms
    assert record.chunks(until_ms=inputs[19].now_ms)[-1].scaling.concurrency_buffer == 0
    assert [chunk.scaling.concurrency_buffer for chunk in record.chunks(since_ms=middle)] == [1]


def test_an_operator_that_was_away_begins_a_chunk_of_its_own() -> None:
    record = Record()
    recorded(traffic(10, seed=4), record)
    recorded(traffic(10, seed=5), record)
    assert [len(chunk.ticks) for chunk in record.chunks()] == [10, 10]


def test_what_if_is_what_would_have_been() -> None:
    record, other = Record(), Record()
    recorded(traffic(600, seed=6), record)
    changed = RULES | {"concurrencyBuffer": 4, "keepAliveSeconds": 60}
    would = recorded(traffic(600, seed=6), other, changed)
    again = list(what_if(record.chunks(), Scaling.model_validate(changed), concurrency=4))
    assert [each.decision for each in again] == would
    assert not all(each.exact for each in again)


def test_a_document_of_another_kind_is_refused() -> None:
    record = Record()
    recorded(traffic(3, seed=7), record)
    good = to_wire(record.chunks())
    broken: list[dict[str, Any]] = [{}, good | {"v": 2}, good | {"bindings": ["No"]}, good | {"chunks": [{}]}]
    for document in broken:
        with pytest.raises(RecordError):
            from_wire(document)


def test_a_decision_that_was_not_so_is_noticed() -> None:
    record = Record()
    recorded(traffic(5, seed=8), record)
    document = json.loads(json.dumps(to_wire(record.chunks())))
    document["chunks"][0]["ticks"][3][-2] += 1
    assert [each.exact for each in replay(from_wire(document))] == [True, True, True, False, True]
    document["chunks"][0]["ticks"][3][-2] -= 1
    document["chunks"][0]["ticks"][3][-1] = list(Binding).index(Binding.BLIND)
    assert [each.exact for each in replay(from_wire(document))] == [True, True, True, False, True]


def test_observations_that_stay_the_same_are_kept_once() -> None:
    record, recall, made = Record(), Recall(), []
    scaling = Scaling.model_validate(RULES)
    for index, running in enumerate([1, 5, 5, 2, 2, 2, 9, 2]):
        inputs = Inputs(now_ms=NOW + 500 * index, seen=Observation(running=running, answered=1))
        answer = step(scaling, inputs, recall, concurrency=4)
        record.add(scaling, inputs, recall, answer, concurrency=4)
        recall = Recall(memory=answer[1].memory, policy=answer[0].memory)
        made.append(answer[1])
    (chunk,) = record.chunks()
    seen = [tick.inputs.seen for tick in chunk.ticks]
    assert [each.running for each in seen] == [1, 5, 5, 2, 2, 2, 9, 2]
    assert seen[1] is seen[2]
    assert seen[3] is seen[5]
    assert [each.decision for each in over_the_wire(record)] == made
    assert record.chunks(since_ms=chunk.ticks[-1].inputs.now_ms) == [chunk]
    assert record.chunks(since_ms=chunk.ticks[-1].inputs.now_ms + 1) == []
    assert record.chunks(until_ms=NOW) == [chunk]
    assert record.chunks(until_ms=NOW - 1) == []


def test_a_chunk_is_full_at_its_size_and_the_ring_at_its_own() -> None:
    record = Record(limit=3 * CHUNK_TICKS)
    recorded(traffic(4 * CHUNK_TICKS, seed=9), record, {"maxReplicas": 5})
    assert [len(chunk.ticks) for chunk in record.chunks()] == [CHUNK_TICKS] * 3
    recorded(traffic(1, seed=10), record, {"maxReplicas": 5})
    assert [len(chunk.ticks) for chunk in record.chunks()] == [CHUNK_TICKS] * 3 + [1]


def test_the_ring_drops_nothing_before_it_is_full() -> None:
    record = Record(limit=CHUNK_TICKS)
    recorded(traffic(2 * CHUNK_TICKS - 1, seed=9), record, {"maxReplicas": 5})
    assert [len(chunk.ticks) for chunk in record.chunks()] == [CHUNK_TICKS, CHUNK_TICKS - 1]
