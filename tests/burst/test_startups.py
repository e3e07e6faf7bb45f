"""Start-ups of real runs, by who started together."""

from dataclasses import replace

import pytest

from bench.burst.replay import simulated
from bench.burst.result import Result
from bench.burst.scenarios import SCENARIOS
from bench.burst.startups import companies, sooner
from bench.burst.systems import SYSTEMS
from warmpool_operator.simulate.setup import Route


@pytest.fixture
def run() -> Result:
    """A run with two pods, and none more."""
    return simulated(SCENARIOS["step"], SYSTEMS["static"], 1, startups_s=[[10.0]], route=Route.INGRESS)


def test_pods_that_were_added_within_four_seconds_started_together(run: Result) -> None:
    pods = [2, 2, 5, 6, 6, 7, 7, 8, 8, 8, 8, 10, 10]
    grown = replace(run, pods=pods, startups_s=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    # The one of second 7 is five after the first of them.
    assert companies([grown]) == [[1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]


def test_pods_that_were_not_ready_before_the_end_are_missing(run: Result) -> None:
    pods = [2, 4, 4, 4, 4, 4, 4, 8, 8]
    assert companies([replace(run, pods=pods, startups_s=[1.0, 2.0, 3.0])]) == [[1.0, 2.0]]
    assert companies([replace(run, pods=pods, startups_s=[1.0])]) == []
    assert companies([replace(run, pods=[2, 2], startups_s=[])]) == []


def test_a_shorter_load_makes_a_start_that_much_shorter() -> None:
    assert sooner([[10.0, 11.0], [12.0]], 4) == [[6.0, 7.0], [8.0]]
