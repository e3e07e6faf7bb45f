"""Ending without losing a request: the order of steps after SIGTERM, and nothing else.

1. unready, answers carry ``Connection: close``; 2. keep accepting while proxies learn of it;
3. close the listener, refuse on open connections; 4. wait for accepted requests; 5. give up on the
rest with 503; 6. leave a moment for a last scrape. The steps are the caller's, the clock too, so
the order and the times are tested without waiting.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

_TICK: Final = 0.05
_LAST_SCRAPE_SECONDS: Final = 1.0


NOTICE_SECONDS: Final = 10.0
"""Three readiness probes fail, and their failure travels, before a retired pod gets no new request."""


def still_to_wait(propagation: float, retired_for: float) -> float:
    """Seconds to keep accepting after a signal that comes ``retired_for`` seconds after retiring.

    Time spent retired counts, but only from when load balancers can know of it: in a shrink that took
    the moment of retiring for it a connection was refused.
    """
    return max(0.0, propagation - max(0.0, retired_for - NOTICE_SECONDS))


class Draining(Protocol):
    """What a drain does to a server."""

    def unready(self) -> None:
        """Readiness fails from now on, and every answer closes its connection."""

    async def close_listener(self) -> None:
        """New connections are refused; requests on open ones get 503."""

    def in_flight(self) -> int:
        """Requests accepted and not yet answered."""

    def give_up(self) -> int:
        """Answers what is left with 503; returns how many."""


@dataclass(frozen=True, slots=True)
class DrainTimes:
    """Seconds to keep accepting, seconds accepted requests may take after, seconds for a last scrape."""

    propagation: float
    timeout: float
    last_scrape: float = _LAST_SCRAPE_SECONDS


@dataclass(frozen=True, slots=True)
class DrainClock:
    """Time as the drain sees it; ``hurry`` is true once a second signal asked to skip the waits."""

    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    hurry: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class DrainOutcome:
    """Seconds the drain took, and accepted requests that were answered 503."""

    seconds: float
    abandoned: int


async def drain(server: Draining, times: DrainTimes, clock: DrainClock) -> DrainOutcome:
    """Drains ``server``; takes at most the sum of the three times."""
    began = clock.now()
    server.unready()
    await _until(lambda: False, times.propagation, clock)
    await server.close_listener()
    await _until(lambda: server.in_flight() == 0, times.timeout, clock)
    abandoned = server.give_up() if server.in_flight() else 0
    await _until(lambda: False, min(times.last_scrape, times.propagation), clock)
    return DrainOutcome(seconds=clock.now() - began, abandoned=abandoned)


async def _until(reached: Callable[[], bool], seconds: float, clock: DrainClock) -> None:
    end = clock.now() + seconds
    while not reached() and not clock.hurry() and clock.now() < end:
        await clock.sleep(min(_TICK, max(0.0, end - clock.now())))
