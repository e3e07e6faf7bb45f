"""Warm hits, cold requests and the cost of warmth: counted from counters that come and go with pods."""

from dataclasses import replace

from warmpool_operator.capacity.demand import Sample
from warmpool_operator.capacity.traffic import Meter, Traffic

NOW = 1_700_000_000_000


def sample(hits: int | None, late: int | None, rejected: int = 0) -> Sample:
    return Sample(at_ms=NOW, running=0, queued=0, rejected=rejected, warm_hits=hits, late_starts=late)


def read(meter: Meter, now_ms: int, held: int = 0, idle: int = 0, **samples: Sample) -> Meter:
    return meter.read(samples.items(), present=list(samples), idle=idle, held=held, now_ms=now_ms)


def test_only_what_was_added_since_the_last_look_counts() -> None:
    meter = read(Meter(), NOW, a=sample(100, 7, 3))
    assert meter.traffic == Traffic(), "what came before the first look may have been counted by another"
    meter = read(meter, NOW + 500, a=sample(104, 8, 5))
    assert (meter.traffic.warm_hits, meter.traffic.cold) == (4, 3)
    meter = read(meter, NOW + 1000, a=sample(1, 0, 0))
    assert (meter.traffic.warm_hits, meter.traffic.cold) == (4, 3), "a restarted pod counts from zero"
    meter = read(meter, NOW + 1500, a=sample(3, 0, 0))
    assert meter.traffic.warm_hits == 6


def test_pods_that_do_not_count_are_neither_warm_nor_cold() -> None:
    meter = read(read(Meter(), NOW, a=sample(None, None)), NOW + 500, a=sample(None, None, rejected=9))
    assert meter.traffic == Traffic()
    assert meter.traffic.warm_hit_percent is None


def test_a_request_that_found_no_pod_is_cold_once() -> None:
    meter = Meter()
    for second, held in enumerate([0, 2, 2, 3, 0, 1]):
        meter = read(meter, NOW + second * 1000, held=held)
    assert meter.traffic.cold == 4
    assert read(Meter(), NOW, held=1).traffic.cold == 1


def test_idle_time_counts_pods_and_not_what_nobody_watched() -> None:
    meter = read(Meter(), NOW, idle=3)
    assert meter.traffic.idle_pod_ms == 0
    meter = read(meter, NOW + 500, idle=3)
    assert meter.traffic.idle_pod_ms == 1500
    assert read(meter, NOW + 500, idle=3).traffic.idle_pod_ms == 1500
    assert read(meter, NOW + 400, idle=3).traffic.idle_pod_ms == 1500, "a clock that is set back adds nothing"
    meter = read(meter, NOW + 60_500, idle=2)
    assert meter.traffic.idle_pod_ms == 1500 + 2 * 5_000


def test_the_share_is_rounded_down_and_forgotten_pods_are_forgotten() -> None:
    assert Traffic(warm_hits=2, cold=1).warm_hit_percent == 66
    assert Traffic(warm_hits=2, cold=1).requests == 3
    meter = read(Meter(traffic=Traffic(warm_hits=5)), NOW, a=sample(1, 0), b=sample(1, 0))
    assert set(read(meter, NOW, b=sample(2, 0)).counters) == {"b"}
    assert replace(meter.traffic, cold=1).warm_hits == 5


def test_half_a_count_is_none() -> None:
    for half in (sample(5, None), sample(None, 5)):
        assert read(Meter(), NOW, a=half).counters == {}
