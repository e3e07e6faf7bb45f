"""`spec.scaling.schedules[]`: capacity that is ready when a recurring time comes."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching

MAX_LEAD_SECONDS: Final = 3600
MAX_DURATION_SECONDS: Final = 31 * 86_400

_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"


def _cron_field(value: str) -> str:
    """Return the pattern of one field: a list of stars, values and ranges, each with an optional step."""
    term = rf"(\*|({value})(-({value}))?)(/[1-9][0-9]?)?"
    return f"{term}(,{term})*"


_FIELDS = (
    r"[0-5]?[0-9]",
    r"[01]?[0-9]|2[0-3]",
    r"0?[1-9]|[12][0-9]|3[01]",
    f"0?[1-9]|1[0-2]|{_MONTHS}",
    f"[0-7]|{_DAYS}",
)
CRON_PATTERN: Final = "^(?i:" + " +".join(_cron_field(value) for value in _FIELDS) + ")$"


CRON_MESSAGE: Final = (
    "a cron expression has five fields, minute (0-59) hour (0-23) day (1-31) month (1-12) weekday (0-7),"
    " such as 45 7 * * MON-FRI"
)


def _fires(expression: str) -> str:
    """Refuse what is no cron expression, or has the shape of one and no meaning, such as a range backwards."""
    if re.match(CRON_PATTERN, expression) is None:
        raise ValueError(CRON_MESSAGE)
    try:
        next(CronSim(expression, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        problem = re.sub(r"^Bad ", "bad ", str(error))
        raise ValueError(f"{expression!r} cannot be read as a cron expression: {problem}") from error
    except StopIteration:
        raise ValueError(f"{expression!r} names a day that no year has") from None
    return expression


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = f"there is no time zone {name!r}; use a name of the IANA data base, such as Europe/Berlin"
        raise ValueError(message) from None
    return name


RuleName = Annotated[
    str,
    matching(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "a name has lower-case letters, digits and '-', and starts and ends with a letter or digit",
        max_length=63,
    ),
]
Cron = Annotated[
    str,
    # No `pattern`: the API server would answer with all 900 characters of it before it comes to the message.
    Field(max_length=100, json_schema_extra=cel_rules(cel(f"self.matches(r'{CRON_PATTERN}')", CRON_MESSAGE))),
    AfterValidator(_fires),
]
TimeZone = Annotated[
    str,
    matching(
        r"^[A-Za-z][-+A-Za-z0-9_]*(/[-+A-Za-z0-9_]+)*$",
        "a time zone is a name of the IANA data base, such as Europe/Berlin",
        max_length=64,
    ),
    AfterValidator(_known_zone),
]
Lead = Annotated[
    Annotated[int, Field(ge=0, le=MAX_LEAD_SECONDS)] | Literal["Auto"],
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "maxLength": 8,
            **cel_rules(
                cel(
                    f"type(self) == int ? self >= 0 && self <= {MAX_LEAD_SECONDS} : self == 'Auto'",
                    f"lead is Auto or a number of seconds from 0 to {MAX_LEAD_SECONDS}",
                )
            ),
        }
    ),
]


class Schedule(ApiModel):
    """A recurring window with a floor, a ceiling or both.

    The floor holds from `lead` before each start until `durationSeconds` after it, so that pods are warm at the
    start and not only on their way; the ceiling holds from the start itself. Where windows overlap, the highest
    floor and the lowest ceiling count, and a ceiling wins over a floor. A local time that the change to summer
    time skips starts at the next one there is; one that comes twice starts once, the first time.
    """

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "has(self.minReplicas) || has(self.maxReplicas)",
                "a schedule needs minReplicas, maxReplicas or both",
            ),
            cel(
                "!has(self.minReplicas) || !has(self.maxReplicas) || self.maxReplicas >= self.minReplicas",
                "the schedule's maxReplicas must be at least its minReplicas",
                field_path=".maxReplicas",
            ),
        )
    )

    name: RuleName
    """Name that decisions and messages call it by."""
    start: Cron
    """Cron expression of the starts, read as Debian's cron does: minute, hour, day, month, weekday."""
    time_zone: TimeZone
    """IANA name of the zone in which `start` is read."""
    duration_seconds: int = Field(ge=1, le=MAX_DURATION_SECONDS)
    """Seconds from a start to the end of its window; longer than the time to the next start means always."""
    min_replicas: int | None = Field(default=None, ge=1, le=1000)
    """Warm floor within the window."""
    max_replicas: int | None = Field(default=None, ge=1, le=1000)
    """Ceiling within the window."""
    lead: Lead = "Auto"
    """Seconds before the start at which the floor begins to hold. `Auto` is the 95th percentile of the measured
    start-ups and a tenth more; half of startup.timeoutSeconds while fewer than five were measured."""
    suspend: bool = False
    """Ignore this schedule."""
