"""When a cron expression fires, in milliseconds since the epoch.

Debian's rules for daylight saving time: a local time that is skipped fires at the next one that exists, one that
comes twice fires the first time; expressions with a star for minute or hour follow real time instead. Pure: the
instant comes as an argument, and the only thing read is the time zone data base.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REPEATED = timedelta(hours=3)
"""More than any clock was ever set back: searching starts this far beyond the instant, because an hour that comes
twice makes local times run backwards."""


MAX_KNOWN = 4096
_known: dict[tuple[str, str], "_Neighbours"] = {}
"""The neighbours found last. They are those of every instant between them, so the hundred ticks of a minute cost
one search and most minutes none; a search takes 0.2 to 5 ms, and many pools may start at the same minute."""


class _Neighbours(NamedTuple):
    """Two fires without another between them."""

    last: int | None
    next: int | None

    def around(self, now_ms: int) -> bool:
        return (self.last is None or self.last <= now_ms) and (self.next is None or now_ms < self.next)


def last_fire(expression: str, zone: str, now_ms: int) -> int | None:
    """Return the latest fire at or before `now_ms`, None if there was none within 50 years."""
    return _neighbours(expression, zone, now_ms).last


def next_fire(expression: str, zone: str, now_ms: int) -> int | None:
    """Return the earliest fire after `now_ms`, None if there is none within 50 years."""
    return _neighbours(expression, zone, now_ms).next


def _neighbours(expression: str, zone: str, now_ms: int) -> _Neighbours:
    known = _known.get((expression, zone))
    if known is None or not known.around(now_ms):
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        known = _known[expression, zone] = _search(expression, zone, now_ms)
    return known


def _search(expression: str, zone: str, now_ms: int) -> _Neighbours:
    now = (_EPOCH + timedelta(milliseconds=now_ms)).astimezone(ZoneInfo(zone))
    # Arithmetic within a zone is arithmetic on its clock, so it is done in UTC.
    beyond = (now.astimezone(UTC) + _REPEATED).astimezone(ZoneInfo(zone))
    back = (_milliseconds(fire) for fire in CronSim(expression, beyond, reverse=True))
    ahead = (_milliseconds(fire) for fire in CronSim(expression, now))
    return _Neighbours(
        last=next((fire for fire in back if fire <= now_ms), None),
        next=next((fire for fire in ahead if fire > now_ms), None),
    )


def _milliseconds(fire: datetime) -> int:
    return (fire.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
