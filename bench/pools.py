"""Pools in a namespace of their own on the cluster that is there; the operator must be installed in it."""

from dataclasses import dataclass
from typing import Any

from bench.watcher import Watcher
from hack.cluster import Backend
from hack.cluster.kubectl import Kubectl
from hack.cluster.waiting import wait_for

Object = dict[str, Any]


@dataclass(frozen=True)
class Pools:
    """A namespace with pools.

    Attributes:
        backend: the cluster.
        kubectl: on it.
        namespace: its name; whatever is in it is removed.
    """

    backend: Backend
    kubectl: Kubectl
    namespace: str

    def begin(self) -> None:
        """Make the namespace, empty."""
        self.end()
        self.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})

    def end(self) -> None:
        """Remove everything."""
        gone = ("delete", "namespace", self.namespace, "--ignore-not-found")
        self.kubectl(*gone, "--wait=false")
        # A pod may drain for as long as its requests take, and those of a run that was stopped have no client.
        now = ("--grace-period=0", "--force", "--wait=false")
        self.kubectl("delete", "pods", "--all", "-n", self.namespace, "--ignore-not-found", *now)
        self.kubectl(*gone, "--timeout=180s", timeout=200)

    def apply(self, name: str, spec: Object) -> None:
        """Apply a pool."""
        manifest = {"apiVersion": "warmpool.dev/v1alpha1", "kind": "WarmModelPool", "spec": spec}
        self.kubectl.apply({**manifest, "metadata": {"name": name}}, namespace=self.namespace)

    def pool(self, name: str) -> Object:
        """Return a pool."""
        return self.kubectl.get("wmp", name, "-n", self.namespace)

    def status(self, name: str) -> Object:
        """Return the status of a pool, empty before the first one."""
        status: Object = self.pool(name).get("status", {})
        return status

    def pods(self, name: str) -> list[Object]:
        """Return the pods of a pool that are not terminating."""
        items = self.kubectl.get("pods", "-n", self.namespace, "-l", f"warmpool.dev/pool={name}")["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def settle(self, name: str, count: int, *, seconds: float = 120) -> None:
        """Wait until a pool has so many warm pods and no others."""

        def settled() -> bool:
            pods = self.status(name).get("pods", {})
            moving = pods.get("warming", 0) + pods.get("draining", 0)
            return (pods.get("ready", 0), moving, len(self.pods(name))) == (count, 0, count)

        wait_for(f"{count} warm pods of {name}", settled, timeout=seconds)

    def watch(self, kind: str, name: str, field: str, *, absent: int | None = None) -> Watcher:
        """Return a watch of one integer field, such as `{.spec.replicas}`; `absent` is its value if not there."""
        return Watcher(self.kubectl.argv(), kind, name, self.namespace, field, absent=absent)

    def watch_pods(self, name: str) -> Watcher:
        """Return a watch of how many pods of a pool exist and are not terminating."""
        return self.watch("deployment", name, "{.status.replicas}", absent=0)

    def watch_ready(self, name: str) -> Watcher:
        """Return a watch of how many pods of a pool are ready."""
        return self.watch("deployment", name, "{.status.readyReplicas}", absent=0)
