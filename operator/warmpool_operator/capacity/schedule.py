"""Schedules at one instant: which windows are open, and what comes next.

A window holds its floor on [fire - lead, fire + duration) and its ceiling on [fire, fire + duration), both
half-open. All windows of a schedule count, so a lead or a duration longer than the period is simply always open.
An automatic lead is frozen once its window has opened: a p95 that moves must not move an edge that has passed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from warmpool_operator.api.schedule import Schedule
from warmpool_operator.capacity.cron import last_fire, next_fire


@dataclass(frozen=True, kw_only=True)
class FrozenLead:
    """The lead that a window opened with."""

    name: str
    start_ms: int
    lead_ms: int


@dataclass(frozen=True, kw_only=True)
class Window:
    """One window of a schedule: open now, or the next to open.

    Attributes:
        schedule: its schedule.
        start_ms: when the capacity is to be ready.
        lead_ms: how long before that the floor begins to hold.
        floor: pods, None outside of [start - lead, end) and without a minReplicas.
        ceiling: pods, None outside of [start, end) and without a maxReplicas.
    """

    schedule: Schedule
    start_ms: int
    lead_ms: int
    floor: int | None = None
    ceiling: int | None = None

    @property
    def end_ms(self) -> int:
        """First moment after the window."""
        return self.start_ms + self.schedule.duration_seconds * 1000

    @property
    def opens_ms(self) -> int:
        """First moment at which it changes anything: a ceiling alone has no lead."""
        return self.start_ms - (self.lead_ms if self.schedule.min_replicas is not None else 0)

    @property
    def edges_ms(self) -> tuple[int, ...]:
        """Moments at which it changes what holds."""
        return self.opens_ms, self.start_ms, self.end_ms


def windows_at(
    schedules: Iterable[Schedule], *, now_ms: int, auto_lead_ms: int, frozen: Iterable[FrozenLead] = ()
) -> tuple[Window, ...]:
    """Return the windows that are open at `now_ms` or come next: at most two per schedule, the earlier first.

    Args:
        schedules: suspended ones are passed over.
        now_ms: milliseconds since the epoch.
        auto_lead_ms: lead of windows that have not opened yet and leave it to the operator.
        frozen: leads of windows that have.
    """
    kept = {(lead.name, lead.start_ms): lead.lead_ms for lead in frozen}
    windows = []
    for schedule in schedules:
        if schedule.suspend:
            continue
        last = last_fire(schedule.start, schedule.time_zone, now_ms)
        coming = next_fire(schedule.start, schedule.time_zone, now_ms)
        for start_ms in (last, coming):
            if start_ms is None or now_ms >= start_ms + schedule.duration_seconds * 1000:
                continue
            lead_ms = auto_lead_ms if schedule.lead == "Auto" else schedule.lead * 1000
            if schedule.lead == "Auto":
                lead_ms = kept.get((schedule.name, start_ms), lead_ms)
            windows.append(_window(schedule, start_ms, lead_ms, now_ms))
    return tuple(windows)


def _window(schedule: Schedule, start_ms: int, lead_ms: int, now_ms: int) -> Window:
    return Window(
        schedule=schedule,
        start_ms=start_ms,
        lead_ms=lead_ms,
        floor=schedule.min_replicas if now_ms >= start_ms - lead_ms else None,
        ceiling=schedule.max_replicas if now_ms >= start_ms else None,
    )


def freeze(windows: Iterable[Window]) -> tuple[FrozenLead, ...]:
    """Return the leads to remember: those of automatic windows that are open."""
    return tuple(
        FrozenLead(name=window.schedule.name, start_ms=window.start_ms, lead_ms=window.lead_ms)
        for window in windows
        if window.floor is not None and window.schedule.lead == "Auto"
    )
