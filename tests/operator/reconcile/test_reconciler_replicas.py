"""What a reconcile makes of a wish for replicas: held requests, ceilings, HPAs, other scalers and hands."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.operator.reconcile.cluster import KEY, NOW, SPEC, Cluster, Manifest
from tests.operator.reconcile.conftest import Run
from warmpool_operator.observe.cache import Key
from warmpool_operator.reconcile.reconciler import Reconciler
from warmpool_operator.warming.front import Front


def zero_spec(**more: Any) -> Manifest:
    return {**SPEC, "scaling": {"minReplicas": 0, "maxReplicas": 3, "keepAliveSeconds": 0}, **more}


@dataclass(frozen=True)
class Expecting(Front):
    """A front that was told how many requests it expects."""

    expected: list[int] = field(default_factory=lambda: [0])

    def held(self, key: Key) -> int:
        return self.expected[0]


def test_a_pool_goes_to_zero_and_a_held_request_wakes_it(run: Run) -> None:
    cluster, held = Cluster(), [0]
    cluster.objects["WarmModelPool"]["spec"] = zero_spec()
    clock = iter(range(NOW, NOW + 100_000, 500))

    async def scenario(reconciler: Reconciler) -> None:
        for _ in range(
            2
        ):  # the first decision has no memory: it takes the one replica of a new Deployment for granted
            await reconciler.reconcile(KEY)
            cluster.objects["Deployment"]["metadata"]["resourceVersion"] = "9"
            reconciler.touch(KEY)
        assert cluster.objects["Deployment"]["spec"]["replicas"] == 0
        hpa = cluster.objects["HorizontalPodAutoscaler"]["spec"]
        assert (hpa["minReplicas"], hpa["maxReplicas"]) == (1, 1), "an HPA cannot ask for none"
        held[0] = 17
        await reconciler.reconcile(KEY)
        assert cluster.objects["Deployment"]["spec"]["replicas"] == 3

    run(cluster, scenario, now_ms=lambda: next(clock), front=Expecting(lambda: 0, expected=held))


def test_observe_writes_nothing_but_status(run: Run) -> None:
    cluster = Cluster()
    cluster.objects["WarmModelPool"]["spec"] = {**SPEC, "mode": "Observe"}
    writes: list[tuple[str, str]] = []

    def note(verb: str, kind: str) -> None:
        if verb not in ("get", "list"):
            writes.append((verb, kind))

    cluster.before = note

    async def scenario(reconciler: Reconciler) -> None:
        await reconciler.reconcile(KEY)
        reconciler.touch(KEY)
        await reconciler.reconcile(KEY)
        assert set(writes) == {("apply_status", "WarmModelPool")}
        assert cluster.condition("Paused")["reason"] == "Observing"
        assert cluster.status["decision"]["desired"] == 1

    run(cluster, scenario)


def test_pools_of_a_namespace_share_its_ceiling(run: Run) -> None:
    cluster = Cluster()
    cluster.objects["WarmModelPool"]["spec"] = {**SPEC, "scaling": {"minReplicas": 3, "maxReplicas": 3}}

    async def scenario(reconciler: Reconciler) -> None:
        await reconciler.reconcile(KEY)
        assert cluster.status["decision"]["desired"] == 2
        assert "the namespace's ceiling allows 2" in cluster.condition("ScalingLimited")["message"]

    run(cluster, scenario, namespace_ceiling=2)


@pytest.mark.parametrize("kind", ["HorizontalPodAutoscaler", "ScaledObject"])
def test_another_scaler_is_yielded_to_until_it_is_gone(run: Run, kind: str) -> None:
    cluster, clock = Cluster(), iter(range(NOW, NOW + 10_000_000, 6_000))
    target = {"kind": "Deployment", "name": "pool"}
    cluster.others[kind] = [{"kind": kind, "metadata": {"name": "x"}, "spec": {"scaleTargetRef": target}}]

    async def scenario(reconciler: Reconciler) -> None:
        await reconciler.reconcile(KEY)
        assert set(cluster.objects) == {"WarmModelPool"}, "something was written"
        said = cluster.condition("Conflict")
        assert (said["status"], said["reason"]) == ("True", "ForeignScaler")
        assert f"{kind} ns/x" in said["message"]
        cluster.others.clear()
        for _ in range(3):
            await reconciler.reconcile(KEY)
        assert "HorizontalPodAutoscaler" in cluster.objects
        assert cluster.condition("Conflict")["status"] == "False"

    run(cluster, scenario, now_ms=lambda: next(clock))


def test_metrics_of_a_pool_turn_the_decision_into_a_floor(run: Run) -> None:
    cluster = Cluster()
    hpa = {"metrics": [{"type": "Resource", "resource": {"name": "memory"}}], "behavior": {"scaleUp": {}}}
    cluster.objects["WarmModelPool"]["spec"] = {**SPEC, "scaling": {"maxReplicas": 3, "hpa": hpa}}

    async def scenario(reconciler: Reconciler) -> None:
        await reconciler.reconcile(KEY)
        written = cluster.objects["HorizontalPodAutoscaler"]["spec"]
        assert (written["minReplicas"], written["maxReplicas"]) == (1, 3)
        assert written["metrics"] == hpa["metrics"]
        assert written["behavior"] == hpa["behavior"]

    run(cluster, scenario)


def test_a_metric_that_shrinks_while_pods_load_is_refused(run: Run) -> None:
    cluster = Cluster()
    metric = {"type": "External", "external": {"target": {"type": "Value", "value": "10"}}}
    cluster.objects["WarmModelPool"]["spec"] = {
        **SPEC,
        "scaling": {"maxReplicas": 3, "hpa": {"metrics": [metric]}},
    }

    async def scenario(reconciler: Reconciler) -> None:
        await reconciler.reconcile(KEY)
        assert "use AverageValue" in cluster.condition("Ready")["message"]

    run(cluster, scenario)


def test_a_hand_that_scales_to_zero_wins_until_it_scales_up(run: Run) -> None:
    cluster = Cluster()
    clock = iter(range(NOW, NOW + 10_000_000, 500))

    def scaled(replicas: int, version: str) -> None:
        cluster.objects["Deployment"]["spec"]["replicas"] = replicas
        cluster.objects["Deployment"]["metadata"]["resourceVersion"] = version

    async def look(reconciler: Reconciler) -> int:
        reconciler.touch(KEY)
        await reconciler.reconcile(KEY)
        return int(cluster.objects["Deployment"]["spec"]["replicas"])

    async def scenario(reconciler: Reconciler) -> None:
        await look(reconciler)
        scaled(0, "91")
        assert await look(reconciler) == 0
        assert cluster.condition("Conflict")["reason"] == "ScaledByHand"
        assert await look(reconciler) == 0
        scaled(1, "92")
        await look(reconciler)
        assert cluster.condition("Conflict")["status"] == "False"

    run(cluster, scenario, now_ms=lambda: next(clock))
