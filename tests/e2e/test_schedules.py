"""A pool that knows what comes: an override that ends, measured start-ups, a window met at its start."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import PoolHandle, spec

LOAD_SECONDS = 5
FLOOR = 3
PODS = 5
# A lead is learned from start-ups: those must not be slower than usual when it counts, or faster.
pytestmark = [pytest.mark.usefixtures("operator"), pytest.mark.timed]


@pytest.fixture(scope="module")
def pool(kubectl: Kubectl, make_namespace: Callable[[], str]) -> PoolHandle:
    """The pool of this file."""
    return PoolHandle(kubectl, make_namespace(), "foresight")


def moment(seconds: float) -> str:
    """Return the time so many seconds from now, as a person would write it into an override."""
    return (
        (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def scaled(**scaling: Any) -> dict[str, Any]:
    """Return a pool of models that load for some seconds."""
    env = [
        {"name": "WARMPOOL_FAKE_LOAD_SECONDS", "value": str(LOAD_SECONDS)},
        {"name": "WARMPOOL_FAKE_SERVICE_MS", "value": "10"},
    ]
    return spec(scaling={"maxReplicas": PODS, **scaling}, server={"env": env})


def seconds_of(time_text: str) -> float:
    return datetime.fromisoformat(time_text).timestamp()


def test_an_override_holds_until_its_end_and_its_pods_are_measured(pool: PoolHandle) -> None:
    override = {"name": "rehearsal", "minReplicas": PODS, "until": moment(20), "reason": "five start-ups"}
    pool.apply(scaled(overrides=[override]))
    pool.wait("the override's pods", lambda: pool.status().get("pods", {}).get("ready") == PODS)
    status = pool.status()
    assert status["effective"]["min"] == PODS
    assert "from override rehearsal" in status["decision"]["message"]
    assert status["schedule"]["next"] == override["until"].replace("Z", ".000Z")
    measured = pool.wait("five measured start-ups", lambda: _measured(pool, PODS))
    assert (
        LOAD_SECONDS <= float(measured["p50"].removesuffix("s")) <= float(measured["p95"].removesuffix("s"))
    )
    assert measured["failures"] == 0
    pool.wait("the override to end", lambda: pool.status()["effective"]["min"] == 1, seconds=30)
    assert time.time() >= seconds_of(override["until"])
    assert "schedule" not in pool.status(), "an override that has ended leaves nothing behind"


def test_pods_are_warm_at_the_start_of_a_window_and_not_much_earlier(pool: PoolHandle) -> None:
    pool.wait_ready(1)
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if (start - datetime.now(UTC)).total_seconds() < 3 * LOAD_SECONDS:
        start += timedelta(minutes=1)
    opening = {"name": "opening", "start": f"{start.minute} {start.hour} * * *", "timeZone": "UTC"}
    pool.apply(scaled(schedules=[opening | {"durationSeconds": 8, "minReplicas": FLOOR, "lead": "Auto"}]))
    schedule = pool.wait("the computed start", lambda: pool.status().get("schedule"))
    assert (schedule["name"], schedule["active"]) == ("opening", False)
    assert seconds_of(schedule["start"]) == start.timestamp()
    p95 = float(pool.status()["startup"]["p95"].removesuffix("s"))
    lead = start.timestamp() - seconds_of(schedule["effectiveStart"])
    assert lead == pytest.approx(1.1 * p95, abs=0.002)
    old = pool.pod_names()

    pool.wait(
        "the start", lambda: "last" in pool.status()["schedule"], seconds=start.timestamp() - time.time() + 5
    )
    status = pool.status()
    assert status["schedule"]["last"] == {
        "name": "opening",
        "start": schedule["start"],
        "floor": FLOOR,
        "ready": FLOOR,
        "met": True,
    }
    assert f"the floor of {FLOOR} from schedule opening" in status["decision"]["message"]
    fresh = [pod for pod in pool.pods() if pod["metadata"]["name"] not in old]
    # Creation times have whole seconds, rounded down.
    assert min(_created(pod) for pod in fresh) >= start.timestamp() - lead - 1
    assert max(_ready_since(pod) for pod in fresh) <= start.timestamp()
    pool.wait("the end", lambda: pool.status()["effective"]["min"] == 1, seconds=15)
    assert pool.status()["schedule"]["active"] is False
    pool.wait_ready(1)


def test_a_zone_that_does_not_exist_is_named_and_nothing_moves(pool: PoolHandle) -> None:
    nowhere = {"name": "nowhere", "start": "0 8 * * *", "timeZone": "Mars/Base", "durationSeconds": 60}
    before = pool.pod_names()
    pool.apply(scaled(schedules=[nowhere | {"minReplicas": 2}]))
    pool.wait("the answer", lambda: pool.condition("Ready").get("reason") == "InvalidSpec")
    assert "there is no time zone 'Mars/Base'" in pool.condition("Ready")["message"]
    assert pool.pod_names() == before
    pool.apply(scaled())
    pool.wait("the pool back", lambda: pool.condition("Ready").get("status") == "True")


def _measured(pool: PoolHandle, count: int) -> dict[str, Any] | None:
    startup: dict[str, Any] = pool.status().get("startup", {})
    return startup if startup.get("samples", 0) >= count else None


def _created(pod: dict[str, Any]) -> float:
    return seconds_of(pod["metadata"]["creationTimestamp"])


def _ready_since(pod: dict[str, Any]) -> float:
    conditions = {each["type"]: each for each in pod["status"]["conditions"]}
    assert conditions["Ready"]["status"] == "True"
    return seconds_of(conditions["Ready"]["lastTransitionTime"])
