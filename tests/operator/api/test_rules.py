"""What a schema cannot know about schedules and overrides: zones, days and dates that do not exist."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from warmpool_operator.api.override import Override
from warmpool_operator.api.schedule import CRON_PATTERN, Schedule


def schedule(**changes: Any) -> Schedule:
    fields = {"name": "a", "start": "0 8 * * *", "timeZone": "UTC", "durationSeconds": 60, "minReplicas": 2}
    return Schedule.model_validate(fields | changes)


@pytest.mark.parametrize("zone", ["Mars/Base", "Europe", "europe/berlinn", "CEST5"])
def test_a_zone_that_does_not_exist_is_named(zone: str) -> None:
    with pytest.raises(ValidationError, match=f"there is no time zone '{zone}'; use a name of the IANA"):
        schedule(timeZone=zone)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires"])
def test_zones_that_exist(zone: str) -> None:
    assert schedule(timeZone=zone).time_zone == zone


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("5-1 * * * *", "bad minute"),
        ("0 8 * * FRI-MON", "bad day-of-week"),
        ("0 0 31 4 *", "bad day-of-month"),
        ("0 0 30 FEB *", "bad day-of-month"),
    ],
)
def test_a_cron_expression_without_a_meaning_is_quoted(expression: str, problem: str) -> None:
    assert re.match(CRON_PATTERN, expression), "the API server lets it through"
    with pytest.raises(ValidationError, match=problem) as refused:
        schedule(start=expression)
    assert expression in str(refused.value)


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "*/5 * * * *",
        "0 0 29 2 *",
        "45 7 * * MON-FRI",
        "0,30 8-18/2 1,15 jan,7 sun",
        "07 09 * * 7",
    ],
)
def test_cron_expressions_that_people_write(expression: str) -> None:
    assert schedule(start=expression).start == expression


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "@daily",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 32 * *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "0 0 * * L",
        "*/0 * * * *",
        "-1 * * * *",
        "1, * * * *",
        "0 8 * * MONDAY",
    ],
)
def test_what_is_no_cron_expression(expression: str) -> None:
    with pytest.raises(ValidationError, match="a cron expression has five fields"):
        schedule(start=expression)


@pytest.mark.parametrize("until", ["2026-02-30T00:00:00Z", "2027-02-29T00:00:00+01:00"])
def test_a_date_that_does_not_exist_is_quoted(until: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(f"'{until}' is not a time")):
        Override.model_validate({"name": "a", "minReplicas": 2, "until": until})
