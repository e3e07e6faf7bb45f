"""When to send, and how much: lists of moments made from rates. Pure and, where chance takes part, seeded."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DEFAULT_TOKENS = 32


@dataclass(frozen=True, order=True, slots=True)
class Send:
    """One request that is to be sent.

    Attributes:
        at: seconds after the start of the run.
        tokens: approximate length of its text.
    """

    at: float
    tokens: int = DEFAULT_TOKENS


Schedule = tuple[Send, ...]


def constant(
    rate: float, seconds: float, *, tokens: int = DEFAULT_TOKENS, seed: int | None = None
) -> Schedule:
    """Return `rate` requests per second for `seconds`; evenly spaced, or a Poisson process with a `seed`."""
    return ramp(rate, rate, seconds, tokens=tokens, seed=seed)


def step(
    steps: Iterable[tuple[float, float]], *, tokens: int = DEFAULT_TOKENS, seed: int | None = None
) -> Schedule:
    """Return constant rates one after the other, each given as (requests per second, seconds)."""
    sends: list[Send] = []
    begin = 0.0
    for number, (rate, seconds) in enumerate(steps):
        part = constant(rate, seconds, tokens=tokens, seed=None if seed is None else seed + number)
        sends.extend(Send(begin + send.at, send.tokens) for send in part)
        begin += seconds
    return tuple(sends)


def ramp(
    first: float, last: float, seconds: float, *, tokens: int = DEFAULT_TOKENS, seed: int | None = None
) -> Schedule:
    """Return a rate that changes linearly from `first` to `last` requests per second within `seconds`.

    Raises:
        ValueError: a rate or the duration is negative or not finite.
    """
    if not all(math.isfinite(value) and value >= 0 for value in (first, last, seconds)):
        raise ValueError("rates and duration must be finite and not negative")
    # The k-th request is due when the integral of the rate reaches its mark: a unit step, or a unit exponential.
    chance = None if seed is None else random.Random(seed)
    total = (first + last) / 2 * seconds
    sends: list[Send] = []
    mark = 0.5 if chance is None else chance.expovariate(1.0)
    while mark < total:
        sends.append(Send(_when(mark, first, last, seconds), tokens))
        mark += 1.0 if chance is None else chance.expovariate(1.0)
    return tuple(sends)


def _when(mark: float, first: float, last: float, seconds: float) -> float:
    """Solve first * t + slope * t^2 / 2 = mark for t, in the form that stays exact where the slope is 0."""
    slope = (last - first) / seconds
    return 2 * mark / (first + math.sqrt(max(0.0, first * first + 2 * slope * mark)))


def trace(
    rows: Sequence[Send],
    *,
    begin: float = 0.0,
    seconds: float = math.inf,
    compression: float = 1.0,
    keep: float = 1.0,
    max_tokens: int | None = None,
    seed: int = 0,
) -> Schedule:
    """Return a cut of a recorded trace, faster and thinner than it was.

    Its rate is the recorded one times `compression * keep`; its duration the recorded one divided by
    `compression`.

    Args:
        rows: the trace, in order of time.
        begin: first second of the cut, in the trace's own time.
        seconds: length of the cut, in the trace's own time.
        compression: how many times faster it is replayed.
        keep: share of the requests that are kept, chosen by `seed`; in (0, 1].
        max_tokens: longer texts are cut to this.
        seed: of the choice.

    Raises:
        ValueError: a factor is out of range.
    """
    if compression <= 0 or not 0 < keep <= 1:
        raise ValueError("compression must be above 0, and keep above 0 and at most 1")
    chance = random.Random(seed)
    longest = math.inf if max_tokens is None else max_tokens
    kept = (row for row in rows if begin <= row.at < begin + seconds and chance.random() < keep)
    return tuple(Send((row.at - begin) / compression, int(min(row.tokens, longest))) for row in kept)


def rates(schedule: Iterable[Send], *, width: float = 1.0) -> list[float]:
    """Return requests per second in consecutive intervals of `width` seconds, from 0 to the last request."""
    counts: dict[int, int] = {}
    for send in schedule:
        index = int(send.at // width)
        counts[index] = counts.get(index, 0) + 1
    return [counts.get(index, 0) / width for index in range(max(counts, default=-1) + 1)]
