"""A server of another make, known by its metrics: demand, silence, blindness, and which pod a shrink takes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import Object, PoolHandle

SERVER = Path(__file__).parent / "support/foreign_server.py"
PODS = 4
pytestmark = pytest.mark.usefixtures("operator")


def spec(**scaling: object) -> Object:
    return {
        "model": {"name": "any", "source": {"baked": {}}},
        "server": {
            "image": "warmpool/serving:dev",
            "command": ["python", "-c", SERVER.read_text()],
            "protocol": "custom",
            "metrics": {"running": "busy", "queued": "waiting"},
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        },
        "startup": {"timeoutSeconds": 60},
        "scaling": {"maxReplicas": PODS, "keepAliveSeconds": 1} | scaling,
    }


@pytest.fixture(scope="module")
def pool(kubectl: Kubectl, make_namespace: Callable[[], str]) -> PoolHandle:
    """The pool of this file."""
    return PoolHandle(kubectl, make_namespace(), "foreign")


@pytest.fixture
def full(pool: PoolHandle) -> list[str]:
    """The names of its pods once there are as many as it may have, none of them with anything to do."""
    pool.apply(spec(minReplicas=PODS))
    pool.wait_ready(PODS, seconds=90)
    names = sorted(pool.pod_names())
    for name in names:
        tell(pool, name, "running=0&queued=0&silent=0")
    return names


def tell(pool: PoolHandle, pod: str, numbers: str) -> None:
    pool.kubectl("get", "--raw", f"/api/v1/namespaces/{pool.namespace}/pods/{pod}:8080/proxy/set?{numbers}")


def decided(pool: PoolHandle) -> tuple[int, str]:
    decision = pool.status()["decision"]
    return decision["desired"], decision["binding"]


def test_demand_is_what_its_gauges_say(pool: PoolHandle) -> None:
    pool.apply(spec())
    pool.wait_ready(1, seconds=90)
    assert pool.pods()[0]["spec"]["containers"][0].get("env", []) == []
    (name,) = pool.pod_names()
    tell(pool, name, "running=1&queued=2")
    pool.wait("three pods", lambda: decided(pool) == (3, "Demand"))
    terms = pool.status()["decision"]["terms"]
    assert (terms["inFlight"], terms["queued"]) == (1, 2)
    pool.wait_ready(3)


def test_a_shrink_leaves_the_busy_pod(pool: PoolHandle, full: list[str]) -> None:
    tell(pool, full[2], "running=1")
    pool.apply(spec())
    pool.wait("one pod", lambda: pool.pod_names() == {full[2]}, seconds=60)


def test_silence_holds_what_it_may_hide_and_blindness_holds_everything(
    pool: PoolHandle, full: list[str]
) -> None:
    for name in full[:2]:
        tell(pool, name, "silent=1")
    pool.apply(spec())
    pool.wait("half of them", lambda: decided(pool) == (2, "SilentPods"))
    assert pool.condition("MetricsFresh")["reason"] == "PodsSilent"
    pool.apply(spec(minReplicas=PODS))
    pool.wait_ready(PODS)
    for name in pool.pod_names():
        tell(pool, name, "silent=1")
    pool.wait("blindness", lambda: pool.condition("MetricsFresh").get("reason") == "Blind")
    pool.apply(spec())
    pool.wait("the decision", lambda: decided(pool) == (PODS, "Blind"))
    names = pool.pod_names()
    tell(pool, next(iter(names)), "silent=0&running=1")
    pool.wait("sight", lambda: pool.condition("MetricsFresh").get("reason") != "Blind")
    assert pool.pod_names() == names, "something moved while nothing was seen"
