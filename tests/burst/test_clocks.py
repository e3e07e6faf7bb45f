"""When HPA and metrics-server looked, as a real run shows it, and a replay that looks then."""

from dataclasses import replace

import pytest

from bench.burst import replay
from bench.burst.clocks import ANY, CREATION_MS, clocks_of
from bench.burst.replay import simulated
from bench.burst.result import Result
from bench.burst.scenarios import SCENARIOS
from bench.burst.systems import SYSTEMS
from warmpool_operator.simulate.setup import Route

STEP = SCENARIOS["step"]


@pytest.fixture
def run() -> Result:
    """A run in which nobody looked and nothing grew."""
    return simulated(STEP, SYSTEMS["static"], 1, startups_s=[[10.0]], route=Route.INGRESS)


def grown(run: Result, *seconds: int) -> Result:
    """The same of an HPA, with a pod more from each of these seconds on."""
    return replace(
        run, system="hpa_cpu", pods=[2 + sum(second <= at for second in seconds) for at in range(90)]
    )


def test_a_run_that_shows_nothing_may_have_been_looked_at_at_any_time(run: Result) -> None:
    assert clocks_of(run) == ANY


def test_the_first_reading_is_within_the_second_that_metrics_server_told(run: Result) -> None:
    told = replace(run, usage=[[19.5, 2, 30.0], [34.5, 2, 30.0]])
    assert clocks_of(told).metrics_ms == (4_000, 4_999)
    assert clocks_of(replace(run, usage=[[15.2, 2, 30.0]])).metrics_ms == (0, 699), "none is before the run"


@pytest.mark.parametrize(
    ("seconds", "window_ms"),
    [
        # Counted from second 26 on: added within the one before it, a sync after the first.
        ((26,), (10_000, 10_999)),
        ((11, 26, 41), (10_000, 10_999)),
        # Its second pod a second later is of the same sync.
        ((26, 27, 41), (10_000, 10_999)),
        ((26, 42), (10_899, 11_100)),
        ((38,), (7_000, 7_999)),
    ],
)
def test_pods_tell_when_the_hpa_looked(
    run: Result, seconds: tuple[int, ...], window_ms: tuple[int, int]
) -> None:
    first, last = clocks_of(grown(run, *seconds)).sync_ms
    assert (first + CREATION_MS, last + CREATION_MS) == window_ms


def test_pods_of_a_pool_tell_nothing_of_the_hpa(run: Result) -> None:
    assert clocks_of(replace(grown(run, 26), system="ours")).sync_ms == ANY.sync_ms


def test_a_replay_looks_when_the_run_was_looked_at(monkeypatch: pytest.MonkeyPatch, run: Result) -> None:
    moments: list[int] = []

    class Spy(replay.CpuMetric):
        def __init__(self, percent: int, *, phase_ms: int = 0) -> None:
            moments.append(phase_ms)
            super().__init__(percent, phase_ms=phase_ms)

    monkeypatch.setattr(replay, "CpuMetric", Spy)
    known = clocks_of(replace(grown(run, 26), usage=[[4.5, 2, 30.0]]))
    for draw in (0, 1):
        for clocks in (known, ANY):
            simulated(
                STEP,
                SYSTEMS["hpa_cpu"],
                1,
                startups_s=[[10.0]],
                route=Route.INGRESS,
                draw=draw,
                clocks=clocks,
            )
    assert {moment // 1000 for moment in moments[::2]} == {4}
    assert moments[1] != moments[3], "any other, in each draw"
