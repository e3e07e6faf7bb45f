"""Overrides at one instant: those that have not expired."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from warmpool_operator.api.override import Override

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def until_ms(override: Override) -> int:
    """Return the first moment at which an override no longer holds, in milliseconds since the epoch."""
    return (datetime.fromisoformat(override.until) - _EPOCH) // timedelta(milliseconds=1)


def in_force(overrides: Iterable[Override], *, now_ms: int) -> tuple[Override, ...]:
    """Return the overrides that hold at `now_ms`."""
    return tuple(each for each in overrides if now_ms < until_ms(each))
