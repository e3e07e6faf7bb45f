"""Pools behind the test cluster's ingress-nginx, and load on them from several client addresses."""

import asyncio
import copy
import json
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from bench.load.client import Settings, replay
from bench.load.payload import embeddings
from bench.load.record import Record
from bench.load.schedule import Send
from hack.cluster import Backend
from hack.cluster.backend import IngressAddress
from hack.cluster.kubectl import Kubectl
from hack.cluster.waiting import wait_for

NAMESPACE = "bench-ingress"
RAW = Path(__file__).parents[2] / "build" / "bench" / "ingress"
CLIENTS = 8
PATH = "/v1/embeddings"
Object = dict[str, Any]


@dataclass(frozen=True)
class Bed:
    """The cluster, and where its controller answers."""

    backend: Backend
    kubectl: Kubectl
    ingress: IngressAddress

    def begin(self) -> None:
        """Make the namespace, empty."""
        self.end()
        self.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})

    def end(self) -> None:
        """Remove everything."""
        self.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=90s")

    def apply(self, name: str, spec: Object) -> None:
        """Apply a pool."""
        manifest = {"apiVersion": "warmpool.dev/v1alpha1", "kind": "WarmModelPool", "spec": spec}
        self.kubectl.apply({**manifest, "metadata": {"name": name}}, namespace=NAMESPACE)

    def pool(self, name: str) -> Object:
        """Return a pool."""
        return self.kubectl.get("wmp", name, "-n", NAMESPACE)

    def pods(self, name: str) -> list[Object]:
        """Return the pods of a pool that are not terminating."""
        items = self.kubectl.get("pods", "-n", NAMESPACE, "-l", f"warmpool.dev/pool={name}")["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def settle(self, name: str, count: int) -> None:
        """Wait until a pool has so many warm pods and no others, and the controller sends to them."""

        def settled() -> bool:
            status = self.pool(name).get("status", {})
            pods = status.get("pods", {})
            moving = pods.get("warming", 0) + pods.get("draining", 0)
            return (pods.get("ready", 0), moving, len(self.pods(name))) == (count, 0, count)

        wait_for(f"{count} warm pods", settled, timeout=120)

    def computed(self, name: str) -> float:
        """Return the requests that the pods of a pool have computed to their end."""
        total = 0.0
        for pod in self.pods(name):
            with urllib.request.urlopen(f"http://{pod['status']['podIP']}:8081/metrics", timeout=5) as page:
                text = page.read().decode()
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name == "warmpool_finished_total" and sample.labels["outcome"] == "ok":
                        total += sample.value
        return total


def spec(
    *, host: str, pods: tuple[int, int], server: Mapping[str, Any], env: Mapping[str, str], **ingress: Any
) -> Object:
    """Return a pool of pretended models; `pods` are its floor and its ceiling."""
    return {
        "model": {"name": "fake", "source": {"baked": {}}},
        "server": {
            "image": "warmpool/serving:dev",
            "engine": "fake",
            "env": [{"name": f"WARMPOOL_FAKE_{name}", "value": value} for name, value in env.items()],
            "resources": {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}},
            **server,
        },
        "startup": {"timeoutSeconds": 60},
        "scaling": {"minReplicas": pods[0], "maxReplicas": pods[1], "keepAliveSeconds": 10},
        "ingress": {"className": "nginx", "host": host, **copy.deepcopy(ingress)},
    }


def send(
    address: IngressAddress, host: str, sends: Sequence[Send], *, deadline: float, clients: int = CLIENTS
) -> list[Record]:
    """Send a schedule through the controller, in turn from several client addresses; return what became of it."""

    async def all_clients() -> list[Record]:
        runs = [
            replay(
                tuple(sends[number::clients]),
                Settings(
                    url=address.http + PATH,
                    deadline=deadline,
                    headers={"Host": host},
                    reuse_connections=False,
                    source=f"127.0.0.{number + 1}",
                ),
                body=embeddings("fake", seed=number),
            )
            for number in range(clients)
        ]
        return [record for run in await asyncio.gather(*runs) for record in run.records]

    return sorted(asyncio.run(all_clients()), key=lambda record: record.intended)


def keep(name: str, data: object) -> None:
    """Write raw data for the pictures."""
    RAW.mkdir(parents=True, exist_ok=True)
    (RAW / f"{name}.json").write_text(json.dumps(data))


def kept(name: str) -> Any:
    """Return raw data, None if that part was not run here."""
    path = RAW / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None
