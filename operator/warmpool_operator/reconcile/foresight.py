"""Schedules and start-ups of one pool: whether a start was met, and what the status says of both."""

from warmpool_operator.api.status import LastStart as LastStartStatus
from warmpool_operator.api.status import ScheduleStatus
from warmpool_operator.capacity.policy import Effective
from warmpool_operator.capacity.schedule import Window
from warmpool_operator.reconcile.kept import LastStart
from warmpool_operator.reconcile.roster import Roster, count
from warmpool_operator.reconcile.state import PoolState
from warmpool_operator.reconcile.times import rfc3339

MAX_GAP_MS = 5_000
"""Ticks further apart than this (the spec was invalid, the API server was away) have not seen what was between."""


def note_start(state: PoolState, roster: Roster, *, now_ms: int) -> None:
    """Note whether a window that started since the last tick was met."""
    rules = state.effective
    started = None if rules is None else _started(rules, since_ms=state.decided_ms, now_ms=now_ms)
    if rules is not None and started is not None:
        floor = min(started.floor or 0, rules.policy.ceiling)
        state.last_start = LastStart(
            name=started.schedule.name, start_ms=started.start_ms, floor=floor, ready=count(roster).ready
        )
    state.decided_ms = now_ms


def _started(rules: Effective, *, since_ms: int | None, now_ms: int) -> Window | None:
    """Return the window with the highest floor that started since the last tick.

    A start without a tick shortly before it is judged by nobody: whether it was met is not known.
    """
    if since_ms is None or now_ms - since_ms > MAX_GAP_MS:
        return None
    fresh = (each for each in rules.windows if each.floor is not None and since_ms < each.start_ms <= now_ms)
    return max(fresh, key=lambda window: window.floor or 0, default=None)


def schedule_status(rules: Effective | None, last: LastStart | None) -> ScheduleStatus | None:
    """Return the open or the next window as the status shows it, None if the pool has no rule with a time."""
    if rules is None or not (rules.windows or rules.next_edge_ms or last):
        return None
    window = min(rules.windows, key=_first, default=None)
    return ScheduleStatus(
        name=window.schedule.name if window else None,
        active=_open(window) if window else None,
        start=rfc3339(window.start_ms) if window else None,
        effective_start=rfc3339(window.opens_ms) if window else None,
        end=rfc3339(window.end_ms) if window else None,
        next=rfc3339(rules.next_edge_ms) if rules.next_edge_ms else None,
        last=_last(last),
    )


def _open(window: Window) -> bool:
    return window.floor is not None or window.ceiling is not None


def _first(window: Window) -> tuple[bool, int, int]:
    """Open windows come first, of these the one with the highest floor; of the others the next to open."""
    return not _open(window), -(window.floor or 0), window.opens_ms


def _last(last: LastStart | None) -> LastStartStatus | None:
    if last is None:
        return None
    return LastStartStatus(
        name=last.name,
        start=rfc3339(last.start_ms),
        floor=last.floor,
        ready=last.ready,
        met=last.ready >= last.floor,
    )
