"""How busy this machine is: all of its processes, by /proc/stat."""

import threading
from pathlib import Path
from typing import Self

STAT = Path("/proc/stat")
PERIOD_SECONDS = 1.0
IDLE, IOWAIT = 3, 4


class HostCpu:
    """Samples once a second; `percents` holds one number per second, of all cores together."""

    def __init__(self) -> None:
        self.percents: list[float] = []
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    @property
    def mean(self) -> float:
        """Mean percent."""
        return sum(self.percents) / len(self.percents) if self.percents else 0.0

    def _follow(self) -> None:
        last = read()
        while not self._stop.wait(PERIOD_SECONDS):
            now = read()
            self.percents.append(busy_percent(last, now))
            last = now


def read(text: str | None = None) -> tuple[int, int]:
    """Return (idle, total) ticks since boot."""
    first = (STAT.read_text() if text is None else text).splitlines()[0]
    ticks = [int(word) for word in first.split()[1:9]]
    return ticks[IDLE] + ticks[IOWAIT], sum(ticks)


def busy_percent(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Return how busy the machine was in between."""
    total = after[1] - before[1]
    return 100.0 * (1 - (after[0] - before[0]) / total) if total else 0.0
