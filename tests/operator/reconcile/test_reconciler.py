"""Faults in the middle of a reconcile, which a real API server cannot be made to show at the right moment."""

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.observe.scrape import Scraper
from warmpool_operator.reconcile.news import News
from warmpool_operator.reconcile.reconciler import Reconciler
from warmpool_operator.runtime.errors import Invalid, KubeError, Transient
from warmpool_operator.runtime.kube import Scale
from warmpool_operator.runtime.resources import ObjectRef, Resource
from warmpool_operator.telemetry.pool_metrics import PoolMetrics
from warmpool_operator.warming.front import Front

KEY = Key("ns", "pool")
NOW = 1_700_000_000_000
Manifest = dict[str, Any]
SPEC: Manifest = {
    "model": {"name": "m", "source": {"baked": {}}},
    "server": {"image": "some/image:1"},
    "scaling": {"maxReplicas": 3},
}


class Cluster:
    """Objects in memory behind the calls of a `KubeClient`; `before` sees every call and may raise."""

    def __init__(self) -> None:
        metadata = {"namespace": "ns", "name": "pool", "uid": "u", "generation": 1, "resourceVersion": "1"}
        self.objects: dict[str, Manifest] = {
            "WarmModelPool": {"kind": "WarmModelPool", "metadata": metadata, "spec": SPEC}
        }
        self.before: Callable[[str, str], None] = lambda verb, kind: None
        self.others: dict[str, list[Manifest]] = {}
        self.status: Manifest = {}
        self._version = 1

    async def get(self, ref: ObjectRef) -> Manifest | None:
        self.before("get", ref.resource.kind)
        return copy.deepcopy(self.objects.get(ref.resource.kind))

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> list[Manifest]:
        self.before("list", resource.kind)
        return copy.deepcopy(self.others.get(resource.kind, []))

    async def apply(
        self, resource: Resource, manifest: Manifest, *, manager: str, force: bool = True
    ) -> Manifest:
        self.before("apply", resource.kind)
        self._version += 1
        stored = copy.deepcopy(manifest)
        stored["metadata"] |= {"uid": f"uid-{resource.kind}", "resourceVersion": str(self._version)}
        if resource.kind == "Deployment":
            stored["spec"].setdefault("replicas", 1)
        self.objects[resource.kind] = stored
        return copy.deepcopy(stored)

    async def apply_status(self, resource: Resource, manifest: Manifest, *, manager: str) -> Manifest:
        self.before("apply_status", resource.kind)
        self.status = manifest["status"]
        return manifest

    async def get_scale(self, ref: ObjectRef) -> Scale | None:
        return Scale(self.objects["Deployment"]["spec"]["replicas"], "1")

    async def set_scale(self, ref: ObjectRef, replicas: int, *, resource_version: str, manager: str) -> Scale:
        self.before("set_scale", ref.resource.kind)
        self.objects["Deployment"]["spec"]["replicas"] = replicas
        return Scale(replicas, "2")

    async def delete(self, ref: ObjectRef, *, uid: str) -> bool:
        return self.objects.pop(ref.resource.kind, None) is not None

    def condition(self, kind: str) -> Manifest:
        return next((each for each in self.status.get("conditions", []) if each["type"] == kind), {})


class Silent:
    """A recorder that records nothing."""

    def event(self, regarding: Manifest, **_: Any) -> None:
        pass


Run = Callable[..., None]


@pytest.fixture
def run() -> Run:
    """Run a scenario: `run(cluster, scenario)`, where the scenario is a coroutine function of the reconciler."""

    def play(cluster: Cluster, scenario: Callable[[Reconciler], Any], **options: Any) -> None:
        async def main() -> None:
            async with aiohttp.ClientSession() as session:
                news = News(Silent(), PoolMetrics(CollectorRegistry()))  # type: ignore[arg-type]
                scraper = Scraper(session, now_ms=lambda: NOW)
                reconciler = Reconciler(
                    cluster,  # type: ignore[arg-type]
                    scraper,
                    Cache(now_ms=lambda: NOW),
                    news,
                    token_key=b"k" * 32,
                    **{"now_ms": lambda: NOW, **options},
                )
                await scenario(reconciler)

        asyncio.run(main())

    return play


def reads(cluster: Cluster) -> list[str]:
    """Record the reads of the pool from now on."""
    calls: list[str] = []

    def note(verb: str, kind: str) -> None:
        if (verb, kind) == ("get", "WarmModelPool"):
            calls.append(verb)

    cluster.before = note
    return calls


def test_an_event_that_arrives_while_the_pool_is_read_is_not_lost(run: Run) -> None:
    cluster = Cluster()

    async def scenario(reconciler: Reconciler) -> None:
        def change(verb: str, kind: str) -> None:
            if (verb, kind) == ("get", "Deployment"):
                reconciler.touch(KEY)

        cluster.before = change
        await reconciler.reconcile(KEY)
        again = reads(cluster)
        await reconciler.reconcile(KEY)
        await reconciler.reconcile(KEY)
        assert len(again) == 1, "once more because of the event, and then no more"

    run(cluster, scenario)


@pytest.mark.parametrize("kind", ["WarmModelPool", "Deployment", "Service", "PodDisruptionBudget"])
@pytest.mark.parametrize("verb", ["get", "apply"])
def test_a_call_that_fails_once_is_made_up_for(run: Run, verb: str, kind: str) -> None:
    cluster = Cluster()
    failed: list[str] = []

    def fail_once(called: str, on: str) -> None:
        if (called, on) == (verb, kind) and not failed:
            failed.append(on)
            raise Transient(503, "ServiceUnavailable", "come back later")

    cluster.before = fail_once

    async def scenario(reconciler: Reconciler) -> None:
        for _ in range(2):
            try:
                await reconciler.reconcile(KEY)
            except KubeError:
                continue
        assert {"Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"} <= set(
            cluster.objects
        )

    run(cluster, scenario)


def test_a_refused_child_is_a_sentence_and_no_exception(run: Run) -> None:
    cluster = Cluster()

    def refuse(verb: str, kind: str) -> None:
        if (verb, kind) == ("apply", "Deployment"):
            raise Invalid(422, "Invalid", "spec.template: no such field")

    cluster.before = refuse

    async def scenario(reconciler: Reconciler) -> None:
        await reconciler.reconcile(KEY)
        assert cluster.condition("Progressing")["reason"] == "WriteRefused"
        assert "no such field" in cluster.condition("Progressing")["message"]
        assert "HorizontalPodAutoscaler" not in cluster.objects, "nothing to scale"

    run(cluster, scenario)


def test_a_pool_that_is_gone_is_forgotten(run: Run) -> None:
    cluster = Cluster()

    async def scenario(reconciler: Reconciler) -> None:
        await reconciler.reconcile(KEY)
        del cluster.objects["WarmModelPool"]
        reconciler.touch(KEY)
        await reconciler.reconcile(KEY)
        assert reconciler.known_pools() == []

    run(cluster, scenario)


def test_a_spec_that_cannot_be_used_says_which_field(run: Run) -> None:
    cluster = Cluster()
    cluster.objects["WarmModelPool"]["spec"] = {**SPEC, "scaling": {"maxReplicas": 0}}

    async def scenario(reconciler: Reconciler) -> None:
        await reconciler.reconcile(KEY)
        assert cluster.condition("Ready")["reason"] == "InvalidSpec"
        assert "scaling.maxReplicas" in cluster.condition("Ready")["message"]
        assert set(cluster.objects) == {"WarmModelPool"}

    run(cluster, scenario)


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
