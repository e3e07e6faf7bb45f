"""When schedules fire: goldens for daylight saving time, midnight, day lists and 29 February."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.capacity import cron
from warmpool_operator.capacity.cron import last_fire, next_fire

BERLIN = "Europe/Berlin"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def text(at_ms: int | None) -> str:
    assert at_ms is not None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def fires(expression: str, zone: str, start: str, count: int) -> list[str]:
    at, found = ms(start) - 1, []
    for _ in range(count):
        coming = next_fire(expression, zone, at)
        assert coming is not None
        assert coming > at
        found.append(text(at := coming))
    return found


def golden(name: str, expression: str, zone: str, start: str, *expected: str) -> Any:
    return pytest.param(expression, zone, start, list(expected), id=name)


GOLDENS = [
    # Clocks in Berlin go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
    golden(
        "skipped hour: next valid instant",
        "30 2 * * *",
        BERLIN,
        "2026-03-28T00:00:00Z",
        "2026-03-28T01:30:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:30:00Z",
    ),
    golden(
        "two skipped times are one fire",
        "0,30 2 * * *",
        BERLIN,
        "2026-03-28T12:00:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:00:00Z",
    ),
    golden(
        "after the skipped hour",
        "0 3 * * *",
        BERLIN,
        "2026-03-28T12:00:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-30T01:00:00Z",
    ),
    golden(
        "repeated hour: once, the first time",
        "30 2 * * *",
        BERLIN,
        "2026-10-24T12:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-26T01:30:00Z",
    ),
    golden(
        "stars follow real time through it",
        "*/30 2 * * *",
        BERLIN,
        "2026-10-25T00:00:00Z",
        "2026-10-25T00:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-25T01:30:00Z",
    ),
    golden(
        "a day without a midnight",
        "0 0 * * *",
        "America/Sao_Paulo",
        "2018-11-03T12:00:00Z",
        "2018-11-04T03:00:00Z",
        "2018-11-05T02:00:00Z",
    ),
    golden(
        "half an hour of daylight saving",
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T00:00:00Z",
        "2026-10-03T15:30:00Z",
        "2026-10-04T15:15:00Z",
    ),
    golden(
        "midnight",
        "0 0 * * *",
        "Asia/Kolkata",
        "2026-01-01T00:00:00Z",
        "2026-01-01T18:30:00Z",
        "2026-01-02T18:30:00Z",
    ),
    golden(
        "list of days",
        "45 7 * * MON,WED",
        "UTC",
        "2026-11-22T00:00:00Z",
        "2026-11-23T07:45:00Z",
        "2026-11-25T07:45:00Z",
        "2026-11-30T07:45:00Z",
    ),
    golden(
        "sunday is 0 and 7",
        "0 8 * * 0,7",
        "UTC",
        "2026-11-22T00:00:00Z",
        "2026-11-22T08:00:00Z",
        "2026-11-29T08:00:00Z",
    ),
    golden(
        "day of month or weekday",
        "0 0 13 * FRI",
        "UTC",
        "2026-11-10T00:00:00Z",
        "2026-11-13T00:00:00Z",
        "2026-11-20T00:00:00Z",
        "2026-11-27T00:00:00Z",
        "2026-12-04T00:00:00Z",
    ),
    golden(
        "29 February",
        "0 0 29 2 *",
        "UTC",
        "2026-01-01T00:00:00Z",
        "2028-02-29T00:00:00Z",
        "2032-02-29T00:00:00Z",
    ),
    golden("29 February over a century", "0 0 29 2 *", "UTC", "2097-01-01T00:00:00Z", "2104-02-29T00:00:00Z"),
    golden(
        "turn of the year",
        "59 23 31 12 *",
        "UTC",
        "2026-01-01T00:00:00Z",
        "2026-12-31T23:59:00Z",
        "2027-12-31T23:59:00Z",
    ),
]


@pytest.mark.parametrize(("expression", "zone", "start", "expected"), GOLDENS)
def test_golden(expression: str, zone: str, start: str, expected: list[str]) -> None:
    assert fires(expression, zone, start, len(expected)) == expected
    for earlier, later in pairwise(expected):
        assert text(last_fire(expression, zone, ms(later) - 1)) == earlier
        assert text(last_fire(expression, zone, ms(earlier))) == earlier


def test_a_fire_is_not_forgotten_in_the_hour_that_comes_twice() -> None:
    again = ms("2026-10-25T01:10:00Z")  # 02:10 for the second time; 02:30 has been
    last, coming = searched("30 2 * * *", BERLIN, again)
    assert (text(last), text(coming)) == ("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")


def searched(expression: str, zone: str, now_ms: int) -> tuple[int | None, int | None]:
    """The neighbours without what was found before."""
    found = cron._search(expression, zone, now_ms)
    return found.last, found.next


instants = st.integers(ms("2020-01-01T00:00:00Z"), ms("2037-01-01T00:00:00Z"))
expressions = st.sampled_from(
    ["* * * * *", "30 2 * * *", "*/20 1-3 * * *", "0 0 29 2 *", "0 8 * * MON-FRI", "0 0 1,15 * 3"]
)
zones = st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])


@given(expressions, zones, instants)
def test_neighbours_are_neighbours(expression: str, zone: str, now_ms: int) -> None:
    last, coming = searched(expression, zone, now_ms)
    assert last is not None
    assert coming is not None
    assert last <= now_ms < coming
    assert searched(expression, zone, last) == (last, coming)
    assert searched(expression, zone, coming - 1) == (last, coming)
    assert searched(expression, zone, coming)[0] == coming


@given(
    expressions, zones, st.lists(instants, min_size=1, max_size=5), st.sampled_from([0, 1, 60_000, 3_600_000])
)
def test_what_is_remembered_is_what_a_search_finds(
    expression: str, zone: str, moments: list[int], step_ms: int
) -> None:
    for now_ms in (moment + step for moment in moments for step in (0, step_ms, -step_ms)):
        remembered = last_fire(expression, zone, now_ms), next_fire(expression, zone, now_ms)
        assert remembered == searched(expression, zone, now_ms)


def test_neighbours_of_several_expressions_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    search = cron._search

    def counted(expression: str, zone: str, now_ms: int) -> cron._Neighbours:
        searched.append(expression)
        return search(expression, zone, now_ms)

    monkeypatch.setattr(cron, "_search", counted)
    monkeypatch.setattr(cron, "_known", {})
    hourly, daily = "0 * * * *", "0 9 * * *"
    for second in range(3):
        for expression in (hourly, daily):
            next_fire(expression, "UTC", ms("2026-11-23T09:30:00Z") + second * 1000)
    assert searched == [hourly, daily]
