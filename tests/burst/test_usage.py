"""What metrics-server told of the pods."""

import json
import threading
from typing import Any

import pytest

from bench.burst import usage
from bench.burst.usage import UsageWatch
from hack.cluster import ClusterError

MINUTE = 1_790_000_040.0
"""14:14:00 of a day, in Unix time."""


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
