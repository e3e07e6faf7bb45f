"""When each part of the cold start began and how long it took.

Invariants: phases are consecutive, so their seconds add up to at most the total; a phase is written
once; reading is safe from any thread (the admin thread reads while the engine thread writes).
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from warmpool_serving.names import Phase


def seconds_since_exec() -> float:
    """Seconds since the kernel started this process, 0.0 where /proc does not tell.

    Source: field 22 (starttime, clock ticks since boot) of proc_pid_stat(5). Resolution is one
    clock tick, 10 ms on Linux.
    """
    try:
        stat = Path("/proc/self/stat").read_text(encoding="ascii")
        ticks = int(stat.rpartition(")")[2].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


class ColdStart:
    """Stop-watch of the start: one running phase, finished phases with their seconds."""

    def __init__(self, *, already: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begins with ``imports``; ``already`` is what ``process_start`` took, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock() - already
        self._done: dict[Phase, float] = {Phase.PROCESS_START: already}
        self._current: Phase | None = Phase.IMPORTS
        self._since = clock()
        self._total: float | None = None

    def begin(self, phase: Phase) -> None:
        """Ends the running phase and begins ``phase``; a phase that comes again is added to."""
        with self._lock:
            self._close()
            self._current = phase

    def finish(self) -> None:
        """Ends the cold start; later calls change nothing."""
        with self._lock:
            if self._total is None:
                self._close()
                self._total = self._clock() - self._began

    def _close(self) -> None:
        now = self._clock()
        if self._current is not None:
            self._done[self._current] = self._done.get(self._current, 0.0) + now - self._since
        self._current, self._since = None, now

    @property
    def current(self) -> Phase | None:
        """The running phase, None once finished."""
        return self._current

    @property
    def seconds_in_phase(self) -> float:
        """Seconds of the running phase so far."""
        with self._lock:
            return self._clock() - self._since if self._current is not None else 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the process began, or what the whole start took once it is finished."""
        with self._lock:
            return self._total if self._total is not None else self._clock() - self._began

    @property
    def age(self) -> float:
        """Seconds since the process began, also after the start."""
        return self._clock() - self._began

    @property
    def total(self) -> float | None:
        """Seconds from process start to ready, None before."""
        return self._total

    def done(self) -> dict[Phase, float]:
        """Finished phases and their seconds."""
        with self._lock:
            return dict(self._done)
