"""The bed itself: what later tests rely on is real here.

Containers are built from a Dockerfile, probes decide readiness, limits kill, Services route, the autoscaler
acts on measured processor time, and the restricted Pod Security standard is enforced.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hack.cluster import Backend, ClusterError
from hack.cluster.embedded.modules import KUBERNETES_VERSION
from hack.cluster.kubectl import Kubectl
from hack.cluster.waiting import wait_for

BED = Path(__file__).parent / "bed"
PORT = 8080
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture(scope="module")
def image(build_image: Callable[..., str]) -> str:
    return build_image(BED, "warmpool-bed:test")


@pytest.fixture(scope="module")
def autoscaled(kubectl: Kubectl, make_namespace: Callable[[], str], image: str) -> str:
    """A namespace with a deployment under an autoscaler, burning; made first, since metrics take their time."""
    namespace = make_namespace()
    spec = pod_spec(image, auto=True)
    spec["containers"][0]["resources"] = {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}}
    labels = {"app": "server"}
    kubectl.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "server"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
        autoscaler("server"),
        namespace=namespace,
    )
    kubectl("rollout", "status", "-n", namespace, "deployment/server", "--timeout=60s")
    name = kubectl.get("pods", "-n", namespace, "-l", "app=server")["items"][0]["metadata"]["name"]
    ask(kubectl, namespace, name, "/burn?n=180")
    return namespace


def autoscaler(name: str) -> dict[str, Any]:
    """An autoscaler of a Deployment at half of the processor time that its pods ask for."""
    target = {"type": "Utilization", "averageUtilization": 50}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 1,
            "maxReplicas": 2,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def pod_spec(image: str, *, auto: bool = False) -> dict[str, Any]:
    container = {
        "name": "server",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": "AUTO", "value": "1" if auto else "0"}],
        "ports": [{"containerPort": PORT}],
        "securityContext": RESTRICTED,
        "startupProbe": probe("/startup", failureThreshold=120),
        "readinessProbe": probe("/ready"),
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
    }
    return {
        "containers": [container],
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
    }


def probe(path: str, **settings: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": PORT}, "periodSeconds": 1, **settings}


def create_pod(kubectl: Kubectl, namespace: str, name: str, spec: dict[str, Any]) -> None:
    metadata = {"name": name, "labels": {"app": name}}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, namespace=namespace
    )


def ask(
    kubectl: Kubectl, namespace: str, pod: str, path: str, *, host: str = "127.0.0.1", port: int = PORT
) -> str:
    """Ask a server from inside a pod, which works on every kind of cluster."""
    url = f"http://{host}:{port}{path}"
    code = f"import urllib.request as r; print(r.urlopen('{url}', timeout=20).read().decode())"
    return kubectl.run_in(namespace, pod, ["python", "-c", code]).strip()


def container_status(kubectl: Kubectl, namespace: str, pod: str) -> dict[str, Any]:
    statuses = kubectl.get("pod", "-n", namespace, pod)["status"].get("containerStatuses", [])
    return statuses[0] if statuses else {"state": {}, "lastState": {}, "ready": False, "started": False}


def wait_ready(kubectl: Kubectl, namespace: str, pod: str) -> None:
    wait_for("readiness", lambda: container_status(kubectl, namespace, pod)["ready"], timeout=60)


def test_server_says_its_real_version(cluster: Backend) -> None:
    version = cluster.status().version
    assert re.fullmatch(r"v1\.\d+\.\d+\S*", version)
    if cluster.name == "embedded":
        assert version == KUBERNETES_VERSION


@pytest.mark.usefixtures("autoscaled")
def test_only_its_probes_make_a_pod_ready(kubectl: Kubectl, namespace: str, image: str) -> None:
    create_pod(kubectl, namespace, "server", pod_spec(image))

    def events() -> str:
        return kubectl("events", "-n", namespace, "--for", "pod/server")

    wait_for("a failed startup probe", lambda: "Startup probe failed" in events(), timeout=60)
    status = container_status(kubectl, namespace, "server")
    assert "running" in status["state"]
    assert (status["started"], status["ready"]) == (False, False)

    ask(kubectl, namespace, "server", "/set-started")
    wait_for("a failed readiness probe", lambda: "Readiness probe failed" in events(), timeout=60)
    status = container_status(kubectl, namespace, "server")
    assert (status["started"], status["ready"]) == (True, False)

    ask(kubectl, namespace, "server", "/set-ready")
    wait_ready(kubectl, namespace, "server")
    user = kubectl.run_in(namespace, "server", ["python", "-c", "import os; print(os.getuid())"])
    assert user.strip() == "65532"
    with pytest.raises(ClusterError, match="Read-only file system"):
        kubectl.run_in(namespace, "server", ["python", "-c", "open('/app/file', 'w')"])


def test_a_container_that_eats_over_its_limit_is_killed_and_restarted(
    kubectl: Kubectl, namespace: str, image: str
) -> None:
    create_pod(kubectl, namespace, "eater", pod_spec(image, auto=True))
    wait_ready(kubectl, namespace, "eater")

    with pytest.raises(ClusterError):
        ask(kubectl, namespace, "eater", "/eat?n=256")

    def killed() -> dict[str, Any]:
        return container_status(kubectl, namespace, "eater")["lastState"].get("terminated", {})

    last = wait_for("the kill", killed, timeout=60)
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)
    wait_ready(kubectl, namespace, "eater")
    assert container_status(kubectl, namespace, "eater")["restartCount"] == 1


def test_a_service_address_reaches_its_pod(kubectl: Kubectl, namespace: str, image: str) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "server"},
        "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": PORT}]},
    }
    kubectl.apply(service, namespace=namespace)
    for name in ("server", "caller"):
        create_pod(kubectl, namespace, name, pod_spec(image, auto=True))
    for name in ("server", "caller"):
        wait_ready(kubectl, namespace, name)
    address = kubectl.get("service", "-n", namespace, "server")["spec"]["clusterIP"]

    def answer() -> str:
        try:
            return ask(kubectl, namespace, "caller", "/ready", host=address, port=80)
        except ClusterError:
            return ""

    assert wait_for("the Service", answer, timeout=30) == "server"
    environment = kubectl.run_in(namespace, "caller", ["env"])
    assert f"SERVER_SERVICE_HOST={address}" in environment


def test_a_privileged_pod_is_refused(kubectl: Kubectl, namespace: str, image: str) -> None:
    spec = pod_spec(image)
    spec["containers"][0]["securityContext"] = {"privileged": True}
    with pytest.raises(ClusterError, match="violates PodSecurity"):
        create_pod(kubectl, namespace, "intruder", spec)


def test_the_autoscaler_acts_on_measured_processor_time(kubectl: Kubectl, autoscaled: str) -> None:
    def rescaled() -> list[str]:
        events = kubectl.get("events", "-n", autoscaled, "--field-selector", "reason=SuccessfulRescale")
        return [event["message"] for event in events["items"]]

    # The status tells the metrics of this moment, and none while a new pod is not measured yet.
    wait_for("a rescale", rescaled, timeout=180, period=1)
    assert any("cpu resource utilization" in message and "above target" in message for message in rescaled())
    assert kubectl.get("deployment", "-n", autoscaled, "server")["spec"]["replicas"] > 1
