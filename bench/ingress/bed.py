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
from bench.pools import Object, Pools
from hack.cluster.backend import IngressAddress

NAMESPACE = "bench-ingress"
RAW = Path(__file__).parents[2] / "build" / "bench" / "ingress"
CLIENTS = 8
PATH = "/v1/embeddings"


@dataclass(frozen=True)
class Bed(Pools):
    """Pools of the cluster, and where its controller answers."""

    ingress: IngressAddress

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
