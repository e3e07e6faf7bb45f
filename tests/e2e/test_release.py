"""The life of a release: installed, tested, upgraded, rolled back, removed, and the pools outlive all of it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.operator import NAMESPACE, RELEASE, SELECTOR, OperatorHandle
from tests.e2e.support.pools import PoolHandle, spec

CHART = Path(__file__).parents[2] / "charts/warmpool"
DEFINITION = "customresourcedefinition.apiextensions.k8s.io/warmmodelpools.warmpool.dev"
KINDS = (
    "deployments,replicasets,pods,services,secrets,configmaps,serviceaccounts,leases,roles,rolebindings,"
    "clusterroles,clusterrolebindings,poddisruptionbudgets,networkpolicies,customresourcedefinitions"
)
pytestmark = pytest.mark.alone


@pytest.fixture
def released(operator: OperatorHandle, kubectl: Kubectl) -> Iterator[OperatorHandle]:
    """The release; there for other tests afterwards, however this one ends."""
    yield operator
    if RELEASE not in kubectl("get", "deployments", "-n", NAMESPACE, "-o", "name"):
        operator.install()


def helm(operator: OperatorHandle, *arguments: str) -> str:
    argv = [operator.helm, "--kubeconfig", str(operator.cluster.kubeconfig), "--namespace", NAMESPACE]
    done = subprocess.run([*argv, *arguments], capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


def replicas_ready(kubectl: Kubectl) -> int:
    return int(kubectl.get("deployment", RELEASE, "-n", NAMESPACE)["status"].get("readyReplicas", 0))


def test_pools_outlive_upgrade_rollback_and_removal(
    released: OperatorHandle, kubectl: Kubectl, namespace: str
) -> None:
    pool = PoolHandle(kubectl, namespace, "lasting")
    pool.apply(spec())
    pool.wait_ready(1, seconds=90)
    before = pool.pod_names(), pool.get()["metadata"]["uid"]
    upgrade = ["upgrade", RELEASE, str(CHART), "--reuse-values", "--wait", "--timeout=120s"]

    helm(released, *upgrade, "--set=replicas=2,log.level=debug")
    assert replicas_ready(kubectl) == 2
    helm(released, "test", RELEASE, "--timeout=60s")
    helm(released, "rollback", RELEASE, "--wait", "--timeout=120s")
    assert replicas_ready(kubectl) == 1
    assert (pool.pod_names(), pool.get()["metadata"]["uid"]) == before, "no pod was rolled"

    helm(released, "uninstall", RELEASE, "--wait", "--timeout=60s")
    kubectl("wait", "pods", "-n", NAMESPACE, "-l", SELECTOR, "--for=delete", "--timeout=60s")
    assert left_of_the_release(kubectl) == {DEFINITION}
    assert (pool.pod_names(), pool.get()["metadata"]["uid"]) == before
    assert pool.get("hpa")["spec"]["minReplicas"] == 1

    released.install()
    pool.apply(spec(scaling={"minReplicas": 2}))
    pool.wait_ready(2, seconds=120)


def left_of_the_release(kubectl: Kubectl) -> set[str]:
    """Objects that carry the release's label or its annotation, in any namespace."""
    listed: list[dict[str, Any]] = json.loads(kubectl("get", KINDS, "-A", "-o", "json"))["items"]
    left = set()
    for each in listed:
        metadata = each["metadata"]
        ours = metadata.get("labels", {}).get("app.kubernetes.io/instance") == RELEASE
        helms = metadata.get("annotations", {}).get("meta.helm.sh/release-name") == RELEASE
        made = each["kind"] == "Lease" and metadata.get("namespace") == NAMESPACE
        history = metadata["name"].startswith(f"sh.helm.release.v1.{RELEASE}.")
        if ours or helms or made or history:
            group = each["apiVersion"].rpartition("/")[0]
            left.add(f"{each['kind'].lower()}{'.' + group if group else ''}/{metadata['name']}")
    return left
