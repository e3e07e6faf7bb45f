"""Faults in the middle of a reconcile, which a real API server cannot be made to show at the right moment."""

import pytest

from tests.operator.reconcile.cluster import KEY, SPEC, Cluster
from tests.operator.reconcile.conftest import Run
from warmpool_operator.reconcile.reconciler import Reconciler
from warmpool_operator.runtime.errors import Invalid, KubeError, Transient


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
