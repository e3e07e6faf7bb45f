"""Ticks on an absolute time grid.

A loop that sleeps a period after each round drifts by the length of the round. Here the next tick
is due one period after the last one was *due*; ticks whose time has passed are left out and
counted, and how late a tick begins is told: that lag shows first when Python is out of breath.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Tick:
    """One tick.

    Attributes:
        number: Counts from 0; ticks left out have no number.
        due: Clock time in seconds at which it was due.
        lag: Seconds by which it began later than that.
        skipped: Ticks left out since the one before.
    """

    number: int
    due: float
    lag: float
    skipped: int


class Ticker:
    """An endless asynchronous iterator of ticks; the first one is due at once.

    Args:
        period: Seconds between ticks; may be set while it runs and counts from the next tick on.
        on_tick: Called with lag, skipped ticks and period just before each tick.
        clock: Seconds, monotonic.
        sleep: Waits for seconds.

    Raises:
        ValueError: The period is not positive.
    """

    def __init__(
        self,
        period: float,
        *,
        on_tick: Callable[[float, int, float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.period = period
        self._on_tick, self._clock, self._sleep = on_tick, clock, sleep

    @property
    def period(self) -> float:
        """Seconds between ticks."""
        return self._period

    @period.setter
    def period(self, seconds: float) -> None:
        if seconds <= 0:
            raise ValueError(f"a period must be above 0 s, not {seconds:g}")
        self._period = seconds

    async def __aiter__(self) -> AsyncIterator[Tick]:
        due = self._clock()
        number = skipped = 0
        while True:
            # Always yields to the loop, also when late: a ticker must not starve everything else.
            await self._sleep(max(0.0, due - self._clock()))
            lag = max(0.0, self._clock() - due)
            if self._on_tick:
                self._on_tick(lag, skipped, self._period)
            yield Tick(number, due, lag, skipped)
            number += 1
            # The first point of the grid that is not over yet; one that is due just now counts.
            skipped = max(0, ceil((self._clock() - due) / self._period) - 1)
            due += (skipped + 1) * self._period
