"""Waiting for warmth: says what the pods do, ends when they are warm, gives up in the pool's own words."""

from collections.abc import Iterator
from typing import Any

import pytest

from hack.cluster import ClusterError
from hack.demo.warm import PATIENCE_SECONDS, line, wait_until_warm


def status(*, ready: bool = False, trouble: str = "", **pods: int) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False", "message": "no warm pod"}]
    if trouble:
        conditions.append({"type": "StartupFailing", "status": "True", "message": trouble})
    return {"status": {"pods": pods, "conditions": conditions}}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def wait(answers: Iterator[dict[str, Any]], *, timeout: float = 60) -> tuple[float, list[str]]:
    clock, lines = Clock(), list[str]()
    took = wait_until_warm(
        lambda: next(answers), lines.append, timeout=timeout, sleep=clock.sleep, clock=clock
    )
    return took, lines


def forever(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while True:
        yield answer


def test_it_ends_when_the_pool_is_ready_and_says_what_happened_before() -> None:
    answers = iter([{}, status(pending=1), status(setup=1), status(ready=True, idle=1)])
    took, lines = wait(answers)
    assert took == 1.5
    assert lines[:2] == [
        "the operator has not looked at the pool yet",
        "1 pod waiting for a node",
    ]
    assert "loading the model" in lines[2]


def test_it_gives_up_with_the_last_state() -> None:
    with pytest.raises(ClusterError, match="not warm after 5 s: 1 pod getting the image"):
        wait(forever(status(imagePull=1)), timeout=5)


def test_it_gives_up_early_in_the_pools_own_words() -> None:
    with pytest.raises(ClusterError, match="the image does not exist"):
        wait(forever(status(failed=1, trouble="the image does not exist")), timeout=PATIENCE_SECONDS + 5)


def test_a_trouble_that_passes_is_waited_out() -> None:
    bad = [status(failed=1, trouble="pull failed")] * int(PATIENCE_SECONDS)
    good = [status(setup=1)]
    took, lines = wait(iter([*bad, *good, *bad, status(ready=True, idle=1)]))
    assert took > PATIENCE_SECONDS / 2
    assert any("pull failed" in text for text in lines)


@pytest.mark.parametrize(
    ("pods", "text"),
    [
        ({}, "no pod yet"),
        ({"idle": 1, "setup": 2}, "2 pods loading the model"),
        ({"running": 3}, "3 pods warm and computing"),
    ],
)
def test_line(pods: dict[str, int], text: str) -> None:
    assert text in line(status(**pods)["status"])
