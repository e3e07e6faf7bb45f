"""Pools on a real cluster: apply one, watch it, reach it."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hack.cluster.kubectl import Kubectl

Object = dict[str, Any]
POLL_SECONDS = 0.2
FAKE: Object = {
    "model": {"name": "fake", "source": {"baked": {}}},
    "server": {
        "image": "warmpool/serving:dev",
        "engine": "fake",
        "containerConcurrency": 2,
        "env": [
            {"name": "WARMPOOL_FAKE_LOAD_SECONDS", "value": "2"},
            {"name": "WARMPOOL_FAKE_SERVICE_MS", "value": "100"},
        ],
        "resources": {"requests": {"cpu": "20m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}},
    },
    "startup": {"timeoutSeconds": 60},
    "scaling": {"minReplicas": 1, "maxReplicas": 4, "keepAliveSeconds": 5},
}


FAKE_PAYLOAD: Object = {"model": "fake", "input": "the quick brown fox"}
"""A request that such a pool answers."""


def spec(**changes: Object) -> Object:
    """Return the spec of a pool of pretended models, with blocks of it changed."""
    made = copy.deepcopy(FAKE)
    for block, fields in changes.items():
        made[block] = made.get(block, {}) | fields if isinstance(fields, dict) else fields
    return made


def is_ready(pod: Object) -> bool:
    """Whether the kubelet says that a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)


@dataclass(frozen=True)
class PoolHandle:
    """One pool."""

    kubectl: Kubectl
    namespace: str
    name: str

    def apply(self, pool_spec: Object) -> None:
        """Apply the pool as a user would."""
        manifest = {
            "apiVersion": "warmpool.dev/v1alpha1",
            "kind": "WarmModelPool",
            "metadata": {"name": self.name},
            "spec": pool_spec,
        }
        self.kubectl.apply(manifest, namespace=self.namespace)

    def get(self, kind: str = "wmp") -> Object:
        """Return the pool, or its child of a kind."""
        return self.kubectl.get(kind, self.name, "-n", self.namespace)

    def status(self) -> Object:
        """Return the pool's status, empty before the first one."""
        status: Object = self.get().get("status", {})
        return status

    def condition(self, kind: str) -> Object:
        """Return a condition, empty if it is not there."""
        conditions = self.status().get("conditions", [])
        return next((each for each in conditions if each["type"] == kind), {})

    def pods(self) -> list[Object]:
        """Return its pods that are not terminating."""
        selector = f"warmpool.dev/pool={self.name}"
        items = self.kubectl.get("pods", "-n", self.namespace, "-l", selector)["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def pod_names(self) -> set[str]:
        """Return their names."""
        return {pod["metadata"]["name"] for pod in self.pods()}

    def wait(self, what: str, holds: Callable[[], Any], *, seconds: float = 60) -> Any:
        """Wait until something holds and return it; fail with the pool's status if it never does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := holds():
                return found
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"{what}: not within {seconds:.0f} s; status: {self.status()}")

    def wait_ready(self, count: int = 1, *, seconds: float = 60) -> None:
        """Wait until so many pods are warm and no others exist, by the pods' word too: a status can be late."""

        def settled() -> bool:
            pods = self.status().get("pods", {})
            present = pods.get("ready", 0), pods.get("warming", 0) + pods.get("draining", 0)
            return present == (count, 0) and [is_ready(pod) for pod in self.pods()] == [True] * count

        self.wait(f"{count} warm pods", settled, seconds=seconds)

    def url(self, path: str = "/v1/embeddings") -> str:
        """Return a URL of the pool that this machine reaches, whatever the kind of cluster.

        A NodePort with the pool's own selector: the same endpoints through the same kube-proxy as the pool's
        Service, which only pods can reach on kind.
        """
        name = f"{self.name}-outside"
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {
                "type": "NodePort",
                "selector": {"warmpool.dev/pool": self.name, "app.kubernetes.io/component": "model-server"},
                "ports": [{"port": 80, "targetPort": 8080}],
            },
        }
        self.kubectl.apply(service, namespace=self.namespace)
        port = self.kubectl.get("service", name, "-n", self.namespace)["spec"]["ports"][0]["nodePort"]
        return f"http://{self._node_address()}:{port}{path}"

    def _node_address(self) -> str:
        addresses = self.kubectl.get("nodes")["items"][0]["status"]["addresses"]
        return str(next(each["address"] for each in addresses if each["type"] == "InternalIP"))
