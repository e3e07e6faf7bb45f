"""Whether a request is accepted, and when a refused one should come back. Pure.

The bound is on tokens, not on requests: texts differ in length by a factor of 100, so a bound on
their number is wrong by as much. With R tokens per second of the whole process, S seconds of one
batch and a latency target of L seconds, work of R·(L - S) tokens can be done in time.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

_HALF_LIFE: Final = 2.0
"""Seconds of busy time after which a measurement counts half."""
_MOST_SLIP: Final = 4.0
_LOADED: Final = 0.25
"""Share of the latency target from which a forecast says something: below it is mostly one batch's own time."""
_MEAN_WEIGHT: Final = 0.05
"""Weight of the newest request in the running means: about the last 20 requests."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is in the process: requests being computed or waiting, and their tokens."""

    running: int = 0
    queued: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Speed:
    """Measured speed of one worker, as decayed sums over batches.

    ``seconds`` is busy time, ``squares`` the sum of squared batch times, so that
    ``squares / seconds`` is the batch time that a request which arrives at random finds running.
    ``worker_seconds`` is busy time by its price: alone, a batch may use the cores of every worker.
    """

    tokens: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0
    worker_seconds: float = 0.0

    def after(self, tokens: int, seconds: float, *, workers: float = 1.0) -> "Speed":
        """The speed after one more batch, which used the cores of ``workers`` workers."""
        keep = 0.5 ** (seconds / _HALF_LIFE)
        return Speed(
            tokens=self.tokens * keep + tokens,
            seconds=self.seconds * keep + seconds,
            squares=self.squares * keep + seconds * seconds,
            worker_seconds=self.worker_seconds * keep + seconds * workers,
        )

    @property
    def tokens_per_second(self) -> float:
        """Tokens per second of one busy worker among busy workers; 0.0 before the first batch."""
        return self.tokens / self.worker_seconds if self.worker_seconds > 0 else 0.0

    @property
    def batch_seconds(self) -> float:
        """Seconds of a typical batch."""
        return self.squares / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Means:
    """Running means over requests: tokens of one, and seconds from its first batch to its answer."""

    tokens: float
    seconds: float = 0.0

    def accepted(self, tokens: int) -> "Means":
        """After one more accepted request."""
        return replace(self, tokens=self.tokens + _MEAN_WEIGHT * (tokens - self.tokens))

    def served(self, seconds: float) -> "Means":
        """After one more answered request."""
        weight = _MEAN_WEIGHT if self.seconds else 1.0
        return replace(self, seconds=self.seconds + weight * (seconds - self.seconds))


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that do not change: concurrency, latency target in seconds, cap on the queue, workers."""

    concurrency: int
    target: float
    workers: int
    max_queue: int | None = None


@dataclass(frozen=True, slots=True)
class Slip:
    """How much longer requests take than was forecast when they were accepted: 1.0 is exact.

    It catches what tokens per second do not know: neighbours on the machine, the cost of refusing
    hundreds of requests a second, an order of service that is not the order of arrival, an event loop
    that is behind.
    """

    ratio: float = 1.0

    def after(self, forecast: float, took: float, target: float) -> "Slip":
        """After one more answer; all three in seconds."""
        if forecast < _LOADED * target:
            return self
        ratio = self.ratio + _MEAN_WEIGHT * (min(took / forecast, 2 * _MOST_SLIP) - self.ratio)
        return Slip(min(_MOST_SLIP, max(1.0, ratio)))

    def tighten(self, limits: Limits) -> Limits:
        """Limits whose forecasts, once slipped, meet the target."""
        # Written out: `replace` takes five times as long, and this is asked at every refusal.
        return Limits(limits.concurrency, limits.target / self.ratio, limits.workers, limits.max_queue)


def forecast(tokens: int, backlog: Backlog, speed: Speed, limits: Limits) -> float:
    """Seconds until a request of ``tokens`` is answered if it is accepted now."""
    rate = limits.workers * speed.tokens_per_second
    return (backlog.tokens + tokens) / rate + speed.batch_seconds if rate > 0 else 0.0


def room(speed: Speed, limits: Limits) -> float:
    """Tokens that can be in the process and still be answered in time."""
    return max(0.0, limits.workers * speed.tokens_per_second * (limits.target - speed.batch_seconds))


def admits(tokens: int, backlog: Backlog, speed: Speed, limits: Limits) -> bool:
    """Whether a request of ``tokens`` is accepted.

    Concurrency that is promised is always given: while fewer requests than ``concurrency`` are in
    the process, the next one is accepted however slow they are.
    """
    if backlog.running + backlog.queued < limits.concurrency:
        return True
    if limits.max_queue is not None and backlog.queued >= limits.max_queue:
        return False
    return backlog.tokens + tokens <= room(speed, limits)


def retry_after(backlog: Backlog, speed: Speed, limits: Limits, *, jitter: float = 0.0) -> float:
    """Seconds until half of the room is free again, at least 0.1, times ``1 + jitter``."""
    rate = limits.workers * speed.tokens_per_second
    if rate <= 0:
        return max(1.0, limits.target) * (1 + jitter)
    # (B - R·L/2) / R; where the cap on the queue refused, the time of one request is the least.
    wait = max(backlog.tokens / rate - limits.target / 2, speed.batch_seconds, 0.1)
    return min(wait, 120.0) * (1 + jitter)


def slots(speed: Speed, means: Means, limits: Limits) -> int:
    """Requests of mean size that fit into the process at once."""
    fits = math.floor(room(speed, limits) / means.tokens) if means.tokens > 0 else 0
    if limits.max_queue is not None:
        fits = min(fits, limits.concurrency + limits.max_queue)
    return max(fits, limits.concurrency)
