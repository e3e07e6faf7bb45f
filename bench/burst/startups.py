"""What real runs measured of start-ups: in companies, since pods that start together on few cores start slower."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from bench.burst.result import Result
from warmpool_operator.simulate.setup import TOGETHER_MS

Companies = Sequence[Sequence[float]]
"""Seconds from scheduled to ready: of pods that started together, of the next ones that did, and so on."""
ASSUMED: Companies = ((10.5, 11.0, 11.5, 12.0),)
"""Where no run counts yet: 8 s of load, and what ten pods take on top when they start together."""


def companies(runs: Iterable[Result]) -> Companies:
    """Return the start-ups of runs."""
    return [company for run in runs for company in _companies(run)]


def sooner(started: Companies, seconds: float) -> Companies:
    """Return start-ups that are that much shorter, because the model loads sooner."""
    return [[each - seconds for each in company] for company in started]


def _companies(run: Result) -> Iterable[Sequence[float]]:
    """Split a run's start-ups, which are in order, by the seconds in which pods were added."""
    left = list(run.startups_s)
    for size in _sizes(run.pods):
        company, left = left[:size], left[size:]
        # Of a company that the end of the run cut short only the fastest are known.
        if len(company) == size:
            yield company


def _sizes(pods: Sequence[int]) -> Iterable[int]:
    size, first = 0, 0
    for second, (before, now) in enumerate(pairwise(pods)):
        if now <= before:
            continue
        if size and 1000 * (second - first) > TOGETHER_MS:
            yield size
            size = 0
        size, first = size + now - before, first if size else second
    if size:
        yield size
