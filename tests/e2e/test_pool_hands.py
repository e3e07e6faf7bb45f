"""What the operator writes and what it leaves alone: zero, rehearsal, other scalers, paced and failing starts."""

import json

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.hammer import Hammer
from tests.e2e.support.pools import Object, PoolHandle, spec

pytestmark = pytest.mark.usefixtures("operator")
SERVER_ENV = [
    {"name": "WARMPOOL_FAKE_LOAD_SECONDS", "value": "1"},
    {"name": "WARMPOOL_FAKE_SERVICE_MS", "value": "50"},
]
CHILDREN = ("deployment", "hpa", "service", "pdb")


@pytest.fixture
def pool(kubectl: Kubectl, namespace: str) -> PoolHandle:
    """A pool of its own for each test: what one leaves behind on purpose would stop the next."""
    return PoolHandle(kubectl, namespace, "hands")


def scaled(**scaling: object) -> Object:
    return spec(server={"env": SERVER_ENV}, scaling={"keepAliveSeconds": 2, **scaling})


def replicas(pool: PoolHandle) -> int:
    return int(pool.get("deployment")["spec"]["replicas"])


def told(pool: PoolHandle) -> int:
    """How many events tell of the pool."""
    selector = f"involvedObject.name={pool.name},involvedObject.kind=WarmModelPool"
    return len(pool.kubectl.get("events", "-n", pool.namespace, "--field-selector", selector)["items"])


def ours(pool: PoolHandle) -> dict[str, list[tuple[str, str]]]:
    """When the operator's managers last wrote each child; a write of `/scale` has no time."""
    written = {}
    for kind in CHILDREN:
        live = pool.kubectl.get(kind, pool.name, "-n", pool.namespace, "--show-managed-fields")
        entries = live["metadata"]["managedFields"]
        written[kind] = [
            (e["manager"], e.get("time", "")) for e in entries if e["manager"].startswith("warmpool")
        ]
    return written


def test_a_pool_without_demand_goes_to_zero_and_its_floor_wakes_it(pool: PoolHandle) -> None:
    pool.apply(scaled(minReplicas=0))
    pool.wait("a first pod, which proves that it can", pool.pods)
    pool.wait("zero pods", lambda: replicas(pool) == 0 and not pool.pods(), seconds=90)
    pool.wait("the reason", lambda: pool.condition("Ready").get("reason") == "ScaledToZero")
    assert pool.condition("Warm")["status"] == "True"
    pool.kubectl("scale", "wmp", pool.name, "-n", pool.namespace, "--replicas=1")
    pool.wait_ready(1)


def test_a_rehearsal_writes_nothing_but_status(pool: PoolHandle) -> None:
    pool.apply(scaled())
    pool.wait_ready(1)
    pool.wait("an HPA", lambda: pool.get("hpa"))
    before = ours(pool)
    # Scaled out, its floor met, its endpoints warm; they come a moment after the status.
    events = pool.wait("what a new pool tells", lambda: told(pool) >= 3 and told(pool))
    pool.apply(scaled(minReplicas=3) | {"mode": "Observe", "rollout": "InPlace"})
    pool.wait("the decision", lambda: pool.status()["decision"]["desired"] == 3)
    assert pool.condition("Paused")["reason"] == "Observing"
    pool.apply(scaled(minReplicas=4) | {"mode": "Observe", "rollout": "InPlace"})
    pool.wait("the next decision", lambda: pool.status()["decision"]["desired"] == 4)
    assert ours(pool) == before
    assert replicas(pool) == 1
    assert told(pool) == events
    pool.apply(scaled(minReplicas=2))
    pool.wait_ready(2)


def test_another_autoscaler_is_yielded_to(pool: PoolHandle) -> None:
    pool.apply(scaled())
    pool.wait_ready(1)
    other = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "other"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": pool.name},
            "maxReplicas": 3,
        },
    }
    pool.kubectl.apply(other, namespace=pool.namespace)
    pool.wait("Conflict", lambda: pool.condition("Conflict").get("reason") == "ForeignScaler")
    before = ours(pool)
    pool.apply(scaled(minReplicas=2))
    pool.wait("the decision", lambda: pool.status()["decision"]["desired"] == 2)
    assert ours(pool) == before
    pool.kubectl("delete", "hpa", "other", "-n", pool.namespace)
    pool.wait_ready(2)
    assert pool.condition("Conflict")["status"] == "False"


def test_a_hand_that_scales_to_zero_wins_until_it_scales_up(pool: PoolHandle) -> None:
    pool.apply(scaled())
    pool.wait_ready(1)
    pool.kubectl("scale", "deployment", pool.name, "-n", pool.namespace, "--replicas=0")
    pool.wait("Conflict", lambda: pool.condition("Conflict").get("reason") == "ScaledByHand")
    pool.wait("no pod", lambda: not pool.pods())
    assert replicas(pool) == 0
    pool.kubectl("scale", "deployment", pool.name, "-n", pool.namespace, "--replicas=1")
    pool.wait_ready(1)
    assert pool.condition("Conflict")["status"] == "False"


def test_a_rollout_under_load_never_has_fewer_warm_pods_than_the_floor(pool: PoolHandle) -> None:
    pool.apply(scaled(minReplicas=2))
    pool.wait_ready(2)
    old, fewest = pool.pod_names(), 2

    def rolled() -> bool:
        nonlocal fewest
        fewest = min(fewest, pool.get("deployment")["status"].get("readyReplicas", 0))
        return not pool.pod_names() & old and len(pool.pod_names()) == 2

    payload = {"model": "fake", "input": "the quick brown fox"}
    with Hammer(pool.url(), payload, clients=2) as hammer:
        pool.wait("an answer", lambda: hammer.statuses[200] > 0)
        pool.apply(
            spec(server={"env": [*SERVER_ENV, {"name": "ROLL", "value": "1"}]}, scaling={"minReplicas": 2})
        )
        pool.wait("new pods", rolled, seconds=120)
    assert fewest == 2
    assert hammer.lost() == []
    assert hammer.strange(0, 200, 429) == []


def test_starts_are_paced(pool: PoolHandle) -> None:
    pool.apply(scaled())
    pool.wait_ready(1)
    most = 0

    def warm() -> bool:
        nonlocal most
        pods = pool.pods()
        conditions = [{c["type"]: c["status"] for c in pod["status"].get("conditions", [])} for pod in pods]
        most = max(most, sum(each.get("Ready") != "True" for each in conditions))
        return bool(pool.status()["pods"]["ready"] == 4)

    pool.apply(scaled(concurrencyBuffer=4, maxReplicas=5, scaleOut={"maxWarming": 1}))
    pool.wait("all of them", warm)
    assert most == 1
    pool.wait("no limit", lambda: pool.condition("ScalingLimited")["status"] == "False")


def test_pods_that_cannot_start_do_not_multiply(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "broken")
    wrong = {"env": [{"name": "WARMPOOL_FAKE_WRONG", "value": "1"}]}
    pool.apply(spec(server=wrong, scaling={"minReplicas": 3, "maxReplicas": 8}))
    pool.wait("three failures", lambda: pool.status().get("memory", {}).get("failedStarts", 0) >= 3)
    pool.apply(spec(server=wrong, scaling={"minReplicas": 8, "maxReplicas": 8}))
    pool.wait("the budget", lambda: pool.condition("ScalingLimited").get("reason") == "StartBudget")
    status = pool.status()
    assert status["decision"]["desired"] == 8
    assert status["decision"]["actuated"] <= 4
    assert replicas(pool) <= 4


def test_metrics_of_ones_own_leave_the_hpa_room_above_the_decision(pool: PoolHandle) -> None:
    pool.apply(
        scaled(
            hpa={"cpuUtilizationPercent": 80, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}
        )
    )
    pool.wait_ready(1)
    pool.wait("the bounds", lambda: pool.get("hpa")["spec"]["maxReplicas"] == 4)
    assert pool.get("hpa")["spec"]["minReplicas"] == 1
    patch = json.dumps([{"op": "remove", "path": "/spec/scaling/hpa"}])
    pool.kubectl("patch", "wmp", pool.name, "-n", pool.namespace, "--type=json", "-p", patch)
    pool.wait("exact bounds", lambda: pool.get("hpa")["spec"]["maxReplicas"] == 1)
