"""Windows: half-open edges, leads, overlaps, and no residue."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.api.scaling import Scaling
from warmpool_operator.api.schedule import Schedule
from warmpool_operator.capacity.policy import Effective, PolicyMemory, effective
from warmpool_operator.capacity.schedule import windows_at

HOUR = 3_600_000
LEAD = 30_000


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


NINE = ms("2026-11-23T09:00:00Z")


def schedule(name: str = "day", start: str = "0 9 * * *", *, seconds: int = 3600, **fields: Any) -> Schedule:
    return Schedule.model_validate(
        {"name": name, "start": start, "timeZone": "UTC", "durationSeconds": seconds} | fields
    )


def at(
    now_ms: int, *schedules: Schedule, lead_ms: int = LEAD, memory: PolicyMemory | None = None
) -> Effective:
    return effective(
        Scaling(min_replicas=1, max_replicas=10, schedules=list(schedules)),
        container_concurrency=1,
        auto_lead_ms=lead_ms,
        signals={},
        memory=memory or PolicyMemory(),
        now_ms=now_ms,
    )


def bounds(now_ms: int, *schedules: Schedule) -> tuple[int, int]:
    policy = at(now_ms, *schedules).policy
    return policy.floor, policy.ceiling


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [
        (NINE - LEAD - 1, (1, 10)),
        (NINE - LEAD, (4, 10)),
        (NINE - 1, (4, 10)),
        (NINE, (4, 6)),
        (NINE + HOUR - 1, (4, 6)),
        (NINE + HOUR, (1, 10)),
    ],
)
def test_floor_holds_from_the_lead_ceiling_from_the_start_both_up_to_the_end(
    now_ms: int, expected: tuple[int, int]
) -> None:
    assert bounds(now_ms, schedule(minReplicas=4, maxReplicas=6)) == expected


def test_fixed_and_no_lead() -> None:
    assert bounds(NINE - 60_000, schedule(minReplicas=4, lead=60)) == (4, 10)
    assert bounds(NINE - 60_001, schedule(minReplicas=4, lead=60)) == (1, 10)
    assert bounds(NINE - 1, schedule(minReplicas=4, lead=0)) == (1, 10)
    assert bounds(NINE, schedule(minReplicas=4, lead=0)) == (4, 10)


def test_overlaps_take_the_highest_floor_and_the_lowest_ceiling_and_the_ceiling_wins() -> None:
    wide = schedule("wide", minReplicas=3, maxReplicas=8)
    high = schedule("high", minReplicas=5, maxReplicas=9)
    rules = at(NINE, wide, high).policy
    assert (rules.floor, rules.floor_source) == (5, "schedule high")
    assert (rules.ceiling, rules.ceiling_source) == (8, "schedule wide")
    low = at(NINE, high, schedule("low", maxReplicas=2)).policy
    assert (low.floor, low.ceiling, low.ceiling_source) == (5, 2, "schedule low")


def test_a_suspended_schedule_is_none() -> None:
    assert bounds(NINE, schedule(minReplicas=4, suspend=True)) == (1, 10)
    assert at(NINE, schedule(minReplicas=4, suspend=True)).next_edge_ms is None


def test_longer_than_its_period_is_always_open() -> None:
    always = schedule(start="0 * * * *", seconds=7200, minReplicas=4, maxReplicas=6)
    assert {bounds(NINE + minute * 60_000, always) for minute in range(0, 1440, 7)} == {(4, 6)}


def test_the_ceiling_of_a_running_window_holds_during_the_lead_of_the_next() -> None:
    hourly = schedule(start="0 * * * *", minReplicas=4, maxReplicas=6, lead=600)
    assert bounds(NINE + HOUR - 1, hourly) == (4, 6)


def test_next_edges_in_their_order() -> None:
    day, edges, now = schedule(minReplicas=4), [], NINE - HOUR
    for _ in range(4):
        edge = at(now, day).next_edge_ms
        assert edge is not None
        edges.append(edge)
        now = edge
    assert edges == [NINE - LEAD, NINE, NINE + HOUR, NINE + 24 * HOUR - LEAD]


def test_a_lead_is_frozen_once_its_window_is_open() -> None:
    day = schedule(minReplicas=4)
    opened = at(NINE - LEAD, day)
    shorter = at(NINE - LEAD + 500, day, lead_ms=1_000, memory=opened.memory)
    assert (shorter.policy.floor, shorter.windows[0].lead_ms) == (4, LEAD)
    assert at(NINE - LEAD + 500, day, lead_ms=1_000).policy.floor == 1, "not frozen, it would fall"
    tomorrow = at(NINE + HOUR, day, lead_ms=1_000, memory=shorter.memory)
    assert (tomorrow.windows[0].lead_ms, tomorrow.memory.leads) == (1_000, ())


def test_a_fixed_lead_follows_the_spec_at_once() -> None:
    opened = at(NINE - LEAD, schedule(minReplicas=4, lead=30))
    assert at(NINE - LEAD, schedule(minReplicas=4, lead=10), memory=opened.memory).policy.floor == 1


schedules = st.builds(
    schedule,
    name=st.sampled_from(["a", "b", "c"]),
    start=st.sampled_from(["0 9 * * *", "30 2 * * *", "*/10 * * * *", "0 0 29 2 *", "0 8 * * MON-FRI"]),
    seconds=st.sampled_from([1, 60, 599, 600, 3600, 90_000]),
    minReplicas=st.integers(1, 10) | st.none(),
    maxReplicas=st.integers(1, 10) | st.none(),
    lead=st.sampled_from(["Auto", 0, 45, 3600]),
    timeZone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
rules = st.lists(schedules, max_size=3, unique_by=lambda each: each.name)
instants = st.integers(ms("2026-01-01T00:00:00Z"), ms("2029-01-01T00:00:00Z"))


@given(rules, instants)
def test_every_instant_has_one_policy(several: list[Schedule], now_ms: int) -> None:
    first, again = at(now_ms, *several), at(now_ms, *reversed(several))
    assert (first.policy.floor, first.policy.ceiling) == (again.policy.floor, again.policy.ceiling)
    assert first == at(now_ms, *several)
    floors = [1, *(each.floor for each in first.windows if each.floor)]
    ceilings = [10, *(each.ceiling for each in first.windows if each.ceiling)]
    assert (first.policy.floor, first.policy.ceiling) == (max(floors), min(ceilings))


@given(rules, instants)
def test_nothing_changes_before_the_next_edge(several: list[Schedule], now_ms: int) -> None:
    now = at(now_ms, *several)
    later = now_ms + 8 * 24 * HOUR if now.next_edge_ms is None else now.next_edge_ms - 1
    assert at(later, *several, memory=now.memory).policy == now.policy
    assert at((now_ms + later) // 2, *several, memory=now.memory).policy == now.policy


@given(schedules, instants)
def test_a_window_is_what_its_fires_say(one: Schedule, now_ms: int) -> None:
    for window in windows_at([one], now_ms=now_ms, auto_lead_ms=LEAD):
        assert now_ms < window.end_ms
        assert window.opens_ms <= window.start_ms < window.end_ms, "a lead is never after its start"
        assert (window.floor is not None) == (
            one.min_replicas is not None and window.start_ms - window.lead_ms <= now_ms
        )
        assert (window.ceiling is not None) == (one.max_replicas is not None and window.start_ms <= now_ms)


@given(schedules, instants)
def test_an_end_leaves_no_residue(one: Schedule, now_ms: int) -> None:
    memory = PolicyMemory()
    for _ in range(6):
        rules_now = at(now_ms, one, memory=memory)
        memory = rules_now.memory
        if not any(window.floor or window.ceiling for window in rules_now.windows):
            assert (rules_now.policy.floor, rules_now.policy.ceiling, memory) == (1, 10, PolicyMemory())
        now_ms = rules_now.next_edge_ms or now_ms + HOUR


def test_a_ceiling_alone_has_no_lead() -> None:
    window, *_ = windows_at([schedule(maxReplicas=6)], now_ms=NINE, auto_lead_ms=LEAD)
    assert window.edges_ms == (NINE, NINE, NINE + HOUR)
