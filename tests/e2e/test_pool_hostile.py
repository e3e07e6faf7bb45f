"""Hands, overlays and strangers that would mislead the operator."""

import json

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import Object, PoolHandle, spec

TEMPLATE_HASH = "pod-template-hash"
"""With this label the copy would match the ReplicaSet, which would adopt it."""
pytestmark = pytest.mark.usefixtures("operator")


def overlay(template: Object) -> Object:
    return spec() | {"podTemplate": template}


def test_kubectl_scale_does_not_lift_the_ceiling(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "scaled")
    pool.apply(spec(scaling={"maxReplicas": 2}))
    pool.wait_ready(1)
    kubectl("scale", "deployment/scaled", "--replicas=5", "-n", namespace)
    highest = 0

    def back() -> bool:
        nonlocal highest
        highest = max(highest, pool.get("hpa")["spec"]["maxReplicas"])
        return bool(pool.get("deployment")["spec"]["replicas"] == 1)

    pool.wait("one replica again", back, seconds=60)
    assert highest == 1, "the HPA followed the hand"


def test_an_overlay_of_the_wrong_shape_is_a_sentence(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "shapeless")
    pool.apply(overlay({"spec": "nonsense"}))
    pool.wait("WriteRefused", lambda: pool.condition("Progressing").get("reason") == "WriteRefused")
    assert "expected map" in pool.condition("Progressing")["message"]


def test_a_start_that_takes_too_long_names_the_field_that_allows_more(
    kubectl: Kubectl, namespace: str
) -> None:
    pool = PoolHandle(kubectl, namespace, "slow")
    loads = [{"name": "WARMPOOL_FAKE_LOAD_SECONDS", "value": "1000"}]
    pool.apply(spec(server={"env": loads}, startup={"timeoutSeconds": 5}))
    pool.wait("StartupFailing", lambda: pool.condition("StartupFailing").get("status") == "True")
    assert pool.condition("StartupFailing")["reason"] == "StartupTimeout"
    assert "startup.timeoutSeconds" in pool.condition("StartupFailing")["message"]


def test_an_init_container_that_fails_is_a_sentence(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "unprepared")
    prepare = {
        "name": "prepare",
        "image": spec()["server"]["image"],
        "command": ["python", "-c", "raise SystemExit('cannot prepare')"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    pool.apply(overlay({"spec": {"initContainers": [prepare]}}))
    pool.wait("StartupFailing", lambda: pool.condition("StartupFailing").get("status") == "True")
    assert "init container prepare" in pool.condition("StartupFailing")["message"]
    assert "cannot prepare" in pool.condition("StartupFailing")["message"]


def test_pods_that_leave_or_copy_the_pool_are_not_counted(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "copied")
    pool.apply(spec())
    pool.wait_ready(1)
    (pod,) = pool.pods()
    labels = {name: value for name, value in pod["metadata"]["labels"].items() if name != TEMPLATE_HASH}
    copy = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "copy", "labels": labels},
        "spec": {key: pod["spec"][key] for key in ("containers", "securityContext", "volumes")},
    }
    kubectl.apply(copy, namespace=namespace)
    kubectl("wait", "pod/copy", "-n", namespace, "--for=condition=Ready", "--timeout=60s")
    patch = json.dumps({"metadata": {"labels": {"warmpool.dev/pool": None}}})
    kubectl("patch", "pod", pod["metadata"]["name"], "-n", namespace, "--type=merge", "-p", patch)
    pool.wait("its successor alone", lambda: pool.status()["pods"]["warming"] == 1)
    assert pool.status()["replicas"] == 1
    pool.wait("warm", lambda: pool.status()["pods"]["ready"] == 1)
    assert pool.status()["replicas"] == 1
