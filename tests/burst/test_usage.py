"""What metrics-server told, and how the simulator takes its moments from it."""

import json
import threading
from typing import Any

import pytest

from bench.burst import replay, usage
from bench.burst.replay import metrics_phase_ms, simulated
from bench.burst.result import Result
from bench.burst.scenarios import SCENARIOS
from bench.burst.systems import SYSTEMS
from bench.burst.usage import UsageWatch
from hack.cluster import ClusterError
from warmpool_operator.simulate.setup import Route

MINUTE = 1_790_000_040.0
"""10:14:00 of a day, in Unix time."""


def read(pod: str, second: int, *cores: str) -> dict[str, Any]:
    """One pod as the metrics API has it."""
    return {
        "metadata": {"name": pod},
        "timestamp": f"2026-09-21T14:14:{second:02}Z",
        "window": "15.004s",
        "containers": [{"name": "server", "usage": {"cpu": each, "memory": "1Ki"}} for each in cores],
    }


def test_pods_of_one_reading_are_taken_together() -> None:
    watch = UsageWatch(lambda: "")
    watch.take({"items": [read("a", 4, "11600969n"), read("b", 4, "20m", "400u")]})
    watch.take({"items": [read("a", 4, "11600969n")]})
    watch.take({"items": [read("a", 19, "0")]})
    assert watch.readings(MINUTE, MINUTE + 60) == [(4.5, 2, 16.0), (19.5, 1, 0.0)]
    assert watch.readings(MINUTE + 10, MINUTE + 60) == [(9.5, 1, 0.0)], "what was before the run is left out"


def test_a_metrics_server_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_PERIOD_SECONDS", 0.01)
    answers, seen = (
        iter((ClusterError("gone"), json.dumps({"items": [read("a", 4, "7m")]}))),
        threading.Event(),
    )

    def ask() -> str:
        answer = next(answers, None)
        if isinstance(answer, ClusterError):
            raise answer
        if answer is None:
            seen.set()
        return answer or '{"items": []}'

    with UsageWatch(ask) as watch:
        assert seen.wait(10)
    assert watch.readings(MINUTE, MINUTE + 60) == [(4.5, 1, 7.0)]


def test_a_replay_reads_when_metrics_server_did(monkeypatch: pytest.MonkeyPatch) -> None:
    moments: list[int] = []

    class Spy(replay.CpuMetric):
        def __init__(self, percent: int, *, phase_ms: int = 0) -> None:
            moments.append(phase_ms)
            super().__init__(percent, phase_ms=phase_ms)

    monkeypatch.setattr(replay, "CpuMetric", Spy)
    for draw in (0, 1):
        for phase in (4500, None):
            simulated(
                SCENARIOS["step"],
                SYSTEMS["hpa_cpu"],
                1,
                startups_s=[10.0],
                route=Route.INGRESS,
                draw=draw,
                metrics_phase_ms=phase,
            )
    assert moments[0] == moments[2] == 4500
    assert moments[1] != moments[3], "another one in each draw"


def test_the_phase_is_that_of_the_first_reading(run: Result) -> None:
    assert metrics_phase_ms(run) is None
    assert metrics_phase_ms(Result(**{**vars(run), "usage": [[19.5, 2, 30.0], [34.5, 2, 30.0]]})) == 4500


@pytest.fixture
def run() -> Result:
    """A run in which nobody looked."""
    return simulated(SCENARIOS["step"], SYSTEMS["static"], 1, startups_s=[10.0], route=Route.INGRESS)
