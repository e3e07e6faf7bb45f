"""The cluster of the benchmark: images, operator, one namespace per run."""

import json
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.burst import keda
from bench.burst.manifests import ingress, manifests_of, pool
from bench.burst.systems import APP, IMAGE, SYSTEMS, System, told
from bench.install import install
from hack.cluster import Backend, select_backend
from hack.cluster.images import image_store
from hack.cluster.kubectl import Kubectl, find_tool
from hack.cluster.paths import Paths
from hack.cluster.waiting import wait_for
from warmpool_operator.simulate.setup import Route

ROOT = Path(__file__).parents[2]
OPERATOR_IMAGE = "warmpool/operator:burst"


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where clients reach a system. A Service chooses a pod per connection, an ingress per request."""

    url: str
    headers: Mapping[str, str]
    route: Route

    def answers(self) -> bool:
        """Whether a request comes through."""
        body = json.dumps({"model": "fake", "input": "warm"}).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(self.url, data=body, headers=headers)  # noqa: S310 - ours, http
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False


class Bed:
    """The cluster that `hack.cluster` chooses.

    Args:
        route: whether clients use the cluster's ingress-nginx, or the Service.
    """

    def __init__(self, *, route: Route) -> None:
        self.backend: Backend = select_backend()
        self._ingress = self.backend.ingress() if route is Route.INGRESS else None
        self.kubectl = Kubectl(self.backend)

    @property
    def kubectl_argv(self) -> list[str]:
        """Command line of kubectl on this cluster."""
        return [find_tool(self.backend, "kubectl"), "--kubeconfig", str(self.backend.kubeconfig)]

    def build(self) -> None:
        """Build the images of this checkout, under names of their own, and load them."""
        store = image_store(Paths.from_environment())
        for tag, file in ((OPERATOR_IMAGE, "Dockerfile.operator"), (IMAGE, "Dockerfile.serving")):
            store.build(ROOT, tag=tag, dockerfile=ROOT / file, arguments={})
        self.backend.load([OPERATOR_IMAGE, IMAGE])

    def install(self, systems: Collection[str]) -> None:
        """Install the operator of this checkout, and KEDA if it is among the systems.

        Both before all runs, so that every system has the same idle programs beside it.

        Raises:
            ClusterError: Helm says no.
        """
        install(self.backend, OPERATOR_IMAGE)
        if any(SYSTEMS[name].scaler == "keda" for name in systems):
            keda.install(self.backend, self.kubectl)

    @contextmanager
    def deployed(self, system: System, namespace: str) -> Iterator[Door]:
        """Apply a system in a namespace of its own, wait until it is at rest, and give the way to it."""
        # Of a run that was stopped it may be there still, or on its way out.
        self.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=110s")
        self.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        try:
            self.kubectl.apply(*manifests_of(system, namespace), namespace=namespace)
            wait_for(
                f"{system.at_rest} ready pods of {system.name}",
                lambda: self._ready(namespace) >= system.at_rest,
                timeout=90,
            )
            if system.scaler is not None:
                # Without a first reading an HPA cannot act at all: that would be the bed's fault, not its own.
                name = APP if system.scaler == "hpa" else f"keda-hpa-{APP}"
                wait_for(
                    "the HPA's first reading",
                    lambda: self._reads(namespace, name, system.at_rest),
                    timeout=120,
                )
            door = self._door(namespace)
            wait_for("an answer through the door", door.answers, timeout=30)
            yield door
        finally:
            # Not waited for: its pods are gone before the next system's have loaded.
            self.kubectl("delete", "namespace", namespace, "--wait=false")

    def announce(self, system: System, namespace: str, change: datetime) -> None:
        """Tell a pool when its load changes: a full minute, as all that cron can say."""
        self.kubectl.apply(pool(told(system, change)), namespace=namespace)

    def usage(self, namespace: str) -> str:
        """Return what metrics-server last read of a namespace's pods, as JSON."""
        path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"
        return self.kubectl("get", "--raw", path, timeout=10)

    def _door(self, namespace: str) -> Door:
        path = "/v1/embeddings"
        if self._ingress is None:
            address = self.kubectl.get("service", APP, "-n", namespace)["spec"]["clusterIP"]
            return Door(url=f"http://{address}{path}", headers={}, route=Route.SERVICE)
        host = f"{namespace}.test"
        self.kubectl.apply(ingress(host, class_name=self._ingress.class_name), namespace=namespace)
        return Door(url=f"{self._ingress.http}{path}", headers={"Host": host}, route=Route.INGRESS)

    def _ready(self, namespace: str) -> int:
        pods = self.kubectl.get("pods", "-n", namespace)["items"]
        conditions = [each.get("status", {}).get("conditions", []) for each in pods]
        return sum(any(c["type"] == "Ready" and c["status"] == "True" for c in each) for each in conditions)

    def _reads(self, namespace: str, name: str, floor: int) -> bool:
        found = self.kubectl.get("hpa", "-n", namespace)["items"]
        status = next((each["status"] for each in found if each["metadata"]["name"] == name), None)
        if status is None:
            return False
        active = [each["status"] for each in status.get("conditions", []) if each["type"] == "ScalingActive"]
        metric = (status.get("currentMetrics") or [{}])[0]
        current = metric.get("resource", metric.get("external", {})).get("current", {})
        read = current.keys() & {"averageUtilization", "averageValue"}
        return active == ["True"] and bool(read) and bool(status["currentReplicas"] == floor)
