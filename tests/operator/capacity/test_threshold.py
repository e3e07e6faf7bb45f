"""Thresholds: in after `for`, out after `hold`, and deaf while blind."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.api.threshold import Threshold
from warmpool_operator.capacity.demand import Sample
from warmpool_operator.capacity.signals import UNKNOWN, Arrivals, Interval, signals
from warmpool_operator.capacity.threshold import ThresholdState, step
from warmpool_operator.capacity.types import Observation

NOW = 1_700_000_000_000
TICK = 500


def threshold(**fields: Any) -> Threshold:
    base = {"name": "busy", "signal": "inFlight", "enter": 10, "exit": 5, "forSeconds": 2, "holdSeconds": 3}
    return Threshold.model_validate(base | {"minReplicas": 4} | fields)


def run(rule: Threshold, values: list[Interval], *, tick_ms: int = TICK) -> list[bool]:
    """Whether the threshold holds after each tick."""
    states: tuple[ThresholdState, ...] = ()
    held = []
    for number, value in enumerate(values):
        states = step([rule], states, {rule.signal: value}, now_ms=NOW + number * tick_ms)
        held.append(states[0].holds)
    return held


def exact(*values: int) -> list[Interval]:
    return [Interval(value, value) for value in values]


def test_enters_after_for_and_leaves_after_hold() -> None:
    assert run(threshold(), exact(*[11] * 5)) == [False] * 4 + [True]
    assert run(threshold(forSeconds=0), exact(11)) == [True]
    held = run(threshold(forSeconds=0), exact(11, *[5] * 8))
    assert held == [True] * 7 + [False] * 2


def test_the_line_itself_neither_enters_nor_keeps() -> None:
    assert run(threshold(forSeconds=0), exact(10)) == [False]
    assert run(threshold(forSeconds=0, holdSeconds=0), exact(11, 5)) == [True, False]
    assert run(threshold(forSeconds=0, holdSeconds=0), exact(11, 6)) == [True, True]


def test_a_dip_starts_the_count_anew() -> None:
    assert run(threshold(), exact(11, 11, 11, 11, 9, 11, 11, 11, 11)) == [False] * 9
    assert run(threshold(forSeconds=0), exact(11, *[5] * 6, 6, *[5] * 6))[-1]


@pytest.mark.parametrize("blind", [UNKNOWN, Interval(3, 40), Interval(9, None)])
def test_a_blind_signal_neither_enters_nor_leaves(blind: Interval) -> None:
    entering = run(threshold(), [*exact(11, 11, 11), *[blind] * 50, *exact(11, 11)])
    assert entering == [False] * 54 + [True], "blind ticks count for nothing, and what was counted stays"
    leaving = run(threshold(forSeconds=0), [*exact(11), *[blind] * 50])
    assert all(leaving)


def test_partial_sight_that_settles_the_question_counts() -> None:
    assert run(threshold(forSeconds=0), [Interval(11, None)]) == [True]
    assert run(threshold(forSeconds=0, holdSeconds=0), [*exact(11), Interval(0, 5)]) == [True, False]


def test_a_gap_between_ticks_proves_nothing() -> None:
    rule = threshold(forSeconds=60)
    assert run(rule, exact(*[11] * 3), tick_ms=3_600_000) == [False] * 3
    assert run(threshold(forSeconds=10), exact(*[11] * 3), tick_ms=3_600_000)[-1]


def test_states_of_thresholds_that_are_gone_are_dropped() -> None:
    states = (ThresholdState(name="gone", holds=True), ThresholdState(name="busy", holds=True))
    assert [state.name for state in step([threshold()], states, {}, now_ms=NOW)] == ["busy"]


values = st.builds(
    lambda low, width: Interval(low, None if width is None else low + width),
    st.integers(0, 20),
    st.none() | st.integers(0, 10),
)


@given(st.lists(values, max_size=60), st.integers(0, 3), st.integers(0, 3))
def test_it_changes_only_on_ticks_that_speak_for_it_and_not_too_soon(
    seen: list[Interval], for_seconds: int, hold_seconds: int
) -> None:
    held = [False, *run(threshold(forSeconds=for_seconds, holdSeconds=hold_seconds), seen)]
    changes = [number for number in range(len(seen)) if held[number] != held[number + 1]]
    for number in changes:
        value = seen[number]
        if held[number + 1]:
            assert value.low > 10
        else:
            assert value.high is not None
            assert value.high <= 5
    for earlier, later in pairwise(changes):
        needed = hold_seconds if held[earlier + 1] else for_seconds
        assert (later - earlier - 1) * TICK >= needed * 1000


def sample(accepted: int, rejected: int = 0) -> Sample:
    return Sample(at_ms=0, running=0, queued=0, accepted=accepted, rejected=rejected)


def arrivals(*ticks: tuple[int, dict[str, Sample]], present: tuple[str, ...] = ("a", "b")) -> Arrivals:
    made = Arrivals()
    for now_ms, samples in ticks:
        made = made.read(samples.items(), present=present, now_ms=now_ms)
    return made


def test_requests_per_minute_over_the_last_minute() -> None:
    steady = arrivals(*((at, {"a": sample(at // 100, at // 200)}) for at in range(0, 120_001, TICK)))
    assert steady.per_minute == 900
    assert len(steady.steps) <= 62
    assert arrivals(*((at, {"a": sample(at // 100)}) for at in range(0, 9_999, TICK))).per_minute is None
    burst = arrivals(*((at, {"a": sample(60 if at else 0)}) for at in range(0, 30_000, 10_000)))
    assert burst.per_minute == 180


def test_pods_that_come_restart_or_go_are_no_requests() -> None:
    def rate(*readings: dict[str, Sample], present: tuple[str, ...] = ("a", "b")) -> int | None:
        return arrivals(
            *((number * 10_000, each) for number, each in enumerate(readings)), present=present
        ).per_minute

    assert rate({"a": sample(500)}, {"a": sample(500), "b": sample(9_000)}, {"b": sample(9_000)}) == 0
    assert rate({"a": sample(500)}, {"a": sample(3)}, {"a": sample(13)}) == 30
    assert rate({"a": sample(500)}, {}, {"a": sample(520)}) == 60, (
        "what a silent pod took is counted when it speaks"
    )
    assert rate({"a": sample(500)}, {"a": sample(520)}, present=()) == 0


def test_silent_pods_widen_every_signal() -> None:
    known = arrivals((0, {}), (10_000, {}))
    seen = signals(Observation(running=6, queued=3, answered=2, silent=1), known.per_minute, concurrency=4)
    assert seen["inFlight"] == Interval(6, 10)
    assert seen["utilization"] == Interval(50, 84)
    assert seen["queue"] == Interval(3, None)
    assert seen["requestsPerMinute"] == Interval(0, None)


def test_without_pods_a_share_of_them_is_unknown_and_a_number_is_not() -> None:
    seen = signals(Observation(), None, concurrency=4)
    assert (seen["inFlight"], seen["queue"]) == (Interval(0, 0), Interval(0, 0))
    assert (seen["utilization"], seen["requestsPerMinute"]) == (UNKNOWN, UNKNOWN)


def test_a_signal_that_nobody_knows_may_be_anything() -> None:
    assert Interval(0, None) == UNKNOWN


def test_a_tick_that_settles_nothing_starts_no_count() -> None:
    busy = Threshold(name="busy", signal="queue", enter=10, exit=5, for_seconds=30, min_replicas=2)
    states = step([busy], [], {"queue": UNKNOWN}, now_ms=1_700_000_000_000)
    (state,) = step([busy], states, {"queue": Interval(11, 11)}, now_ms=1_700_000_000_500)
    assert (state.holds, state.counted_ms) == (False, 0)


@pytest.mark.parametrize(("gap_ms", "counted_ms"), [(500, 500), (60_000, 5_000), (-60_000, 0)])
def test_a_gap_counts_five_seconds_at_most_and_never_backwards(gap_ms: int, counted_ms: int) -> None:
    rule, states = threshold(forSeconds=60), tuple[ThresholdState, ...]()
    for now_ms in (NOW, NOW + gap_ms):
        states = step([rule], states, {rule.signal: Interval(11, 11)}, now_ms=now_ms)
    assert states[0].counted_ms == counted_ms
