"""Pools that cannot be served say why, in words, and touch nothing that is not theirs."""

import json

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import Object, PoolHandle, spec

pytestmark = pytest.mark.usefixtures("operator")
FOREIGN_IMAGE = "warmpool/serving:dev"


def deployment(name: str) -> Object:
    """A Deployment of somebody else, with no pods."""
    labels = {"app": name}
    container = {"name": "app", "image": FOREIGN_IMAGE}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


FOREIGN: dict[str, Object] = {
    "Deployment": deployment("taken"),
    "Service": {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "taken"},
        "spec": {"ports": [{"port": 1}], "selector": {"app": "taken"}},
    },
    "HorizontalPodAutoscaler": {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "taken"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"},
            "maxReplicas": 3,
        },
    },
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_name_that_others_have_is_a_conflict_and_nothing_is_touched(
    kubectl: Kubectl, namespace: str, kind: str
) -> None:
    kubectl.apply(FOREIGN[kind], namespace=namespace)
    pool = PoolHandle(kubectl, namespace, "taken")
    before = pool.get(kind)
    pool.apply(spec())
    pool.wait("Conflict", lambda: pool.condition("Conflict").get("status") == "True")
    assert f"{kind} {namespace}/taken" in pool.condition("Conflict")["message"]
    assert pool.condition("Ready")["status"] == "False"
    after = pool.get(kind)
    assert (after["spec"], after["metadata"].get("labels", {})) == (
        before["spec"],
        before["metadata"].get("labels", {}),
    )
    kinds = {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"} - {kind}
    made = kubectl("get", ",".join(kinds), "-n", namespace, "-o", "name", "--ignore-not-found")
    assert "taken" not in made


def test_a_conflict_ends_when_the_other_object_is_gone(kubectl: Kubectl, namespace: str) -> None:
    kubectl.apply(FOREIGN["Service"], namespace=namespace)
    pool = PoolHandle(kubectl, namespace, "taken")
    pool.apply(spec())
    pool.wait("Conflict", lambda: pool.condition("Conflict").get("status") == "True")
    kubectl("delete", "service", "taken", "-n", namespace)
    pool.wait("recovery", lambda: pool.condition("Ready").get("status") == "True", seconds=90)
    assert pool.condition("Conflict")["status"] == "False"


def test_a_model_that_proves_wrong_never_becomes_ready(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "wrong")
    pool.apply(spec(server={"env": [{"name": "WARMPOOL_FAKE_WRONG", "value": "1"}]}))
    pool.wait("StartupFailing", lambda: pool.condition("StartupFailing").get("status") == "True", seconds=90)
    condition = pool.condition("StartupFailing")
    assert condition["reason"] == "ModelUnusable"
    assert "exit code 3" in condition["message"]
    assert "golden" in condition["message"]
    assert pool.condition("Ready")["status"] == "False"


def test_a_paused_pool_is_watched_and_left_alone(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "paused")
    pool.apply(spec() | {"paused": True})
    pool.wait("Paused", lambda: pool.condition("Paused").get("status") == "True")
    assert "paused" not in kubectl("get", "deployments,services,hpa", "-n", namespace, "-o", "name")
    pool.apply(spec() | {"paused": False})
    pool.wait_ready(1)
    pool.apply(spec(scaling={"minReplicas": 3}) | {"paused": True})
    pool.wait("Paused again", lambda: pool.condition("Paused").get("status") == "True")
    assert pool.get("deployment")["spec"]["replicas"] == 1
    pool.apply(spec(scaling={"minReplicas": 3}))
    pool.wait_ready(3)


def test_an_ingress_comes_and_goes_with_its_field(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "routed")
    ingress = {"className": "nginx", "host": "models.example.com", "limits": {"mode": "Static", "clients": 2}}
    pool.apply(spec(server={"maxQueue": 6}) | {"ingress": ingress})
    pool.wait("the Ingress", lambda: "routed" in kubectl("get", "ingress", "-n", namespace, "-o", "name"))
    annotations = pool.get("ingress")["metadata"]["annotations"]
    # Four pods at most of 2 + 6 slots, 200 % headroom, shared by two clients.
    assert annotations["nginx.ingress.kubernetes.io/limit-connections"] == "32"
    assert annotations["nginx.ingress.kubernetes.io/limit-burst-multiplier"] == "1"
    pool.wait("LIMIT", lambda: pool.status().get("limits", {}).get("connections") == 32)
    off = ingress | {"limits": {"mode": "Disabled"}}
    pool.apply(spec(server={"maxQueue": 6}) | {"ingress": off})
    key = "nginx.ingress.kubernetes.io/limit-connections"
    pool.wait("no limit", lambda: key not in pool.get("ingress")["metadata"]["annotations"])
    patch = json.dumps([{"op": "remove", "path": "/spec/ingress"}])
    kubectl("patch", "wmp", "routed", "-n", namespace, "--type=json", "-p", patch)
    pool.wait("no Ingress", lambda: "routed" not in kubectl("get", "ingress", "-n", namespace, "-o", "name"))


def test_pods_that_the_api_server_rejects_are_a_sentence(kubectl: Kubectl, namespace: str) -> None:
    """No Pod object exists then, so nothing but the Deployment could say why."""
    pool = PoolHandle(kubectl, namespace, "rejected")
    pool.apply(spec() | {"podTemplate": {"spec": {"hostNetwork": True}}})
    pool.wait("StartupFailing", lambda: pool.condition("StartupFailing").get("status") == "True")
    assert pool.condition("StartupFailing")["reason"] == "PodsRejected"
    assert "PodSecurity" in pool.condition("Ready")["message"]
