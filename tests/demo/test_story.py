"""Facts, story and picture of a burst, from a recording made by hand."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.load.record import Record
from hack.cluster import ClusterError
from hack.demo.burst import Recording, burst, line
from hack.demo.facts import facts_of, open_requests, per_second
from hack.demo.picture import CREDIT, draw
from hack.demo.sampling import Sample, sample_of
from hack.demo.story import check, story

Change = Callable[[Callable[[Sample], Sample]], Recording]


def told(recording: Recording) -> str:
    return " ".join(story(facts_of(recording)))


def test_facts_come_from_what_was_seen(recording: Recording) -> None:
    facts = facts_of(recording)
    assert (facts.before, facts.most, facts.ceiling, facts.most_asked) == (1, 4, 4, 4)
    assert (facts.desired_up, facts.hpa_up, facts.scale_up) == (1.0, 1.5, 1.5)
    assert (facts.ready_up, facts.ready_most) == (5.0, 5.0)
    assert (facts.desired_down, facts.back, facts.retiring) == (30.0, 40.0, 3)
    assert facts.retry_after == (1.0, 2.0)
    assert (facts.load.answered, facts.load.refused, facts.load.failed) == (100, 100, 0)
    assert facts.answered_first == pytest.approx(5, abs=1)
    assert facts.answered_last == pytest.approx(15, abs=2)


def test_the_story_says_each_of_them(recording: Recording) -> None:
    text = told(recording)
    for part in (
        "200 requests came in, 20 a second",
        "The pool had 1 pod.",
        "1.5 s after the first request HPA and Deployment had been told to grow",
        "at 5.0 s the first new pod was warm",
        "never asked for more than its ceiling of 4",
        "100 requests were answered (50 %), half of them within 500 ms",
        "100 were refused (50 %), 99 % of them within 10 ms",
        "told to come back after 1 to 2 s",
        "None failed",
        "20 s after the last request (keepAlive)",
        "It retired 3 pods first",
        "30 s after the last request it was back to 1 pod",
    ):
        assert part in text


def test_a_pool_that_did_nothing_is_told_as_such(recording: Recording, with_samples: Change) -> None:
    text = told(with_samples(lambda sample: replace(recording.calm, at=sample.at)))
    assert "did not ask for more pods" in text
    assert "keepAlive" not in text


def test_the_ceiling_is_blamed_only_where_it_decided(recording: Recording, with_samples: Change) -> None:
    assert "work for more" in told(recording)
    free = with_samples(lambda sample: replace(sample, binding="Demand"))
    assert "work for more" not in told(free)


def test_what_should_not_happen_is_not_passed_over(recording: Recording, with_samples: Change) -> None:
    assert "that is a mistake" in told(with_samples(lambda sample: replace(sample, ceiling=3)))
    broken = replace(recording.run.records[0], status=0, error="connection")
    records = (broken, *recording.run.records[1:])
    text = told(replace(recording, run=replace(recording.run, records=records)))
    assert "1 failed (connection: 1): that should not happen" in text
    slow = tuple(replace(record, sent=record.intended + 1) for record in records)
    assert "fell behind" in told(replace(recording, run=replace(recording.run, records=slow)))


def test_a_good_run_passes_and_each_mistake_fails(recording: Recording, with_samples: Change) -> None:
    facts = facts_of(recording)
    check(facts)
    for change, words in (
        ({"desired_up": None}, "did not grow"),
        ({"most_asked": 5}, "more pods than its ceiling"),
        ({"load": replace(facts.load, answered=0)}, "not one request"),
        ({"load": replace(facts.load, failed=3)}, "3 requests were neither"),
        ({"back": None}, "did not shrink back"),
    ):
        with pytest.raises(ClusterError, match=words):
            check(replace(facts, **change))


def test_a_pool_that_does_not_shrink_is_told_as_such(recording: Recording, with_samples: Change) -> None:
    grown = with_samples(lambda sample: replace(sample, desired=max(sample.desired, 4)))
    assert "did not shrink" in told(grown)
    stuck = with_samples(lambda sample: replace(sample, draining=1))
    assert "not back to 1 pod" in told(stuck)


def test_open_requests_and_rates_count_each_request(recording: Recording) -> None:
    records = [
        Record(intended=0, sent=0.0, finished=1.2, status=200),
        Record(intended=0, sent=0.6, finished=2.0, status=429),
    ]
    assert open_requests(records, width=0.5) == [1, 1, 2, 1, 0, 0]
    assert per_second(records, lambda record: record.answered) == [0, 1, 0]
    assert sum(per_second(recording.run.records, lambda record: True)) == 200
    assert open_requests([], width=0.5) == [0, 0]


def test_the_picture_is_a_readable_png(recording: Recording, tmp_path: Path) -> None:
    file = tmp_path / "new" / "demo.png"
    draw(recording, file)
    content = file.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert width >= 1000
    assert height >= 800
    assert "CC-BY 4.0" in CREDIT


def test_a_sample_reads_the_three_objects_and_misses_none_of_them_loudly() -> None:
    pool = {
        "status": {
            "pods": {"ready": 2, "warming": 1, "draining": 1},
            "decision": {"desired": 3, "binding": "Demand", "terms": {"demand": 9}},
            "effective": {"max": 4},
        }
    }
    sample = sample_of(1.0, pool, {"spec": {"minReplicas": 3}}, {"spec": {"replicas": 4}})
    assert sample == Sample(
        at=1.0,
        demand=9,
        desired=3,
        ready=2,
        warming=1,
        draining=1,
        hpa_min=3,
        replicas=4,
        ceiling=4,
        binding="Demand",
    )
    assert not sample.settled
    rest = replace(sample, desired=2, replicas=2, warming=0, draining=0, demand=0)
    assert rest.at_rest
    assert not replace(rest, binding="KeepAlive").at_rest
    assert not replace(rest, demand=1).at_rest
    assert "desired 3" in line(sample)
    assert "retiring 1" in line(sample)
    assert sample_of(1.0, {}, None, None).replicas == 0


def test_the_burst_is_more_than_two_small_pods_can_compute() -> None:
    sends = burst()
    tokens_per_second = sum(send.tokens for send in sends) / sends[-1].at
    assert tokens_per_second > 2 * 3000
    assert sends[-1].at < 60
    assert sends == burst()
