"""Waits until a pool is warm, and says meanwhile what its pods are doing."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from hack.cluster import ClusterError
from hack.demo.talk import Show

Status = Mapping[str, Any]
PERIOD_SECONDS = 0.5
BROKEN = ("Conflict", "StartupFailing", "Unschedulable")
"""Conditions that no waiting mends, when they stay."""
PATIENCE_SECONDS = 20.0
"""How long one of them may be True before the demo gives up: some heal, such as a pull that is retried."""
DOING = (
    ("pending", "waiting for a node"),
    ("imagePull", "getting the image"),
    ("setup", "loading the model, computing warm-up requests, comparing the answers with known ones"),
    ("idle", "warm and idle"),
    ("running", "warm and computing"),
    ("draining", "finishing what they have"),
    ("failed", "failing to start"),
)


def wait_until_warm(
    read: Callable[[], Mapping[str, Any]],
    show: Show,
    *,
    timeout: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Wait for the pool's Ready condition; return the seconds that it took.

    Args:
        read: gives the pool.
        show: gets a line about the pods, again and again.
        timeout: seconds.
        sleep: replaced in tests.
        clock: replaced in tests.

    Raises:
        ClusterError: the pool is not warm in time, or says that it never will be; with its own words.
    """
    begin = clock()
    broken_since: float | None = None
    while True:
        status = read().get("status", {})
        if condition(status, "Ready").get("status") == "True":
            return clock() - begin
        trouble = troubles(status)
        now = clock()
        broken_since = (now if broken_since is None else broken_since) if trouble else None
        if broken_since is not None and now - broken_since >= PATIENCE_SECONDS:
            raise ClusterError(f"the pool does not get warm: {trouble}")
        if now - begin > timeout:
            raise ClusterError(f"the pool is not warm after {timeout:.0f} s: {line(status)}")
        show(line(status))
        sleep(PERIOD_SECONDS)


def condition(status: Status, type_: str) -> Mapping[str, Any]:
    """Return one condition of a pool's status; empty if it has none of this type."""
    found: Mapping[str, Any]
    for found in status.get("conditions", []):
        if found.get("type") == type_:
            return found
    return {}


def troubles(status: Status) -> str:
    """Return what the pool itself says is wrong with it, or nothing."""
    wrong = [condition(status, type_) for type_ in BROKEN]
    return "; ".join(str(one.get("message")) for one in wrong if one.get("status") == "True")


def line(status: Status) -> str:
    """Return in one line what the pods are doing."""
    pods = status.get("pods", {})
    parts = [f"{_pods(pods[state])} {words}" for state, words in DOING if pods.get(state)]
    text = ", ".join(parts) or ("no pod yet" if status else "the operator has not looked at the pool yet")
    trouble = troubles(status) or ("" if parts else condition(status, "Progressing").get("message", ""))
    return f"{text} ({trouble})" if trouble else text


def _pods(number: int) -> str:
    return f"{number} pod" if number == 1 else f"{number} pods"
