"""How far apart ticks must be for their work to leave half a core free.

What a tick costs in processor time does not depend on how often it comes, so its cost divided by the share that
it may take is the period. The mean of the last ticks counts, since one that writes statuses costs more than ten
that do not.
"""

from collections import deque

SHARE = 0.5
"""Of one core: Python has one, and watches, writes and probes need their part of it."""
TICKS = 20
LONGEST_SECONDS = 10.0


class Stretch:
    """Turns processor time into a period.

    Args:
        shortest: seconds between ticks where they cost little.
    """

    def __init__(self, shortest: float) -> None:
        self._shortest = shortest
        self._costs: deque[float] = deque(maxlen=TICKS)
        self._before: float | None = None

    def period(self, cpu_seconds: float) -> float:
        """Return the seconds to the next tick.

        Args:
            cpu_seconds: processor time of this process so far, read once a tick.
        """
        if self._before is not None:
            self._costs.append(cpu_seconds - self._before)
        self._before = cpu_seconds
        if len(self._costs) < TICKS:
            return self._shortest  # starting up costs more than running
        cost = sum(self._costs) / TICKS
        return max(self._shortest, min(LONGEST_SECONDS, cost / SHARE))
