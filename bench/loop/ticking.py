"""One tick of a cluster of 100 pools with 20 warm pods each: the operator's reconcile, on pods that only answer.

The pods are one process that answers `GET /internal/load` for all of them; the API server is a dictionary in
memory, because in most ticks nothing is written. What remains is what costs: 2000 HTTP calls, their parsing, 100
decisions, 100 statuses and their comparison.
"""

import asyncio
import copy
import json
import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry

from bench.load.record import percentile
from warmpool_operator.api import names
from warmpool_operator.app import steady_clock
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.observe.scrape import Scraper
from warmpool_operator.reconcile.news import News
from warmpool_operator.reconcile.reconciler import Reconciler
from warmpool_operator.runtime.kube import Scale
from warmpool_operator.runtime.resources import ObjectRef, Resource
from warmpool_operator.telemetry.pool_metrics import PoolMetrics

POOLS, PODS, TICKS, WORKERS = 100, 20, 60, 8
WARM_UP_TICKS = 5
Manifest = dict[str, Any]
LOAD = {
    "v": 1, "state": "Ready", "running": 3, "queued": 1, "oldestQueuedMs": 12, "accepted": 9123, "rejected": 17,
    "warmHits": 9000, "lateStarts": 100, "slots": 24, "serviceMsMean": 41.5, "tokensPerSecond": 5800,
    "phases": {"imports": 0.12, "load": 1.4, "warmup": 0.3},
}  # fmt: skip


class _Memory:
    """The calls of a `KubeClient` that a tick makes, on objects in memory."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._objects: dict[tuple[str, str], Manifest] = {}
        self._version = 1

    async def get(self, ref: ObjectRef) -> Manifest | None:
        if ref.resource.kind == names.KIND:
            return _pool(ref.name, self._port)
        return self._objects.get((ref.resource.kind, ref.name))

    async def list(self, resource: Resource, namespace: str | None, *, labels: str = "") -> list[Manifest]:
        if resource.kind != "Pod":
            return []
        pool = labels.rpartition("=")[2]
        return [_pod(pool, number) for number in range(PODS)]

    async def apply(
        self, resource: Resource, manifest: Manifest, *, manager: str, force: bool = True
    ) -> Manifest:
        self._version += 1
        stored = copy.deepcopy(manifest)
        stored["metadata"] |= {"uid": resource.kind, "resourceVersion": str(self._version)}
        if resource.kind == "Deployment":
            stored["spec"]["replicas"] = PODS
            owned: Manifest = {"f:spec": {"f:replicas": {}}}
            stored["metadata"]["managedFields"] = [{"manager": names.SCALE_MANAGER, "fieldsV1": owned}]
        self._objects[resource.kind, stored["metadata"]["name"]] = stored
        return stored

    async def apply_status(self, resource: Resource, manifest: Manifest, *, manager: str) -> Manifest:
        return json.loads(json.dumps(manifest))  # type: ignore[no-any-return]

    async def get_scale(self, ref: ObjectRef) -> Scale | None:
        return Scale(PODS, "1")


class _Nobody:
    """A recorder that records nothing."""

    def event(self, regarding: Manifest, **_: Any) -> None:
        pass


def _pool(name: str, port: int) -> Manifest:
    metadata = {"namespace": "ns", "name": name, "uid": name, "generation": 1, "resourceVersion": "1"}
    spec = {
        "model": {"name": "m", "source": {"baked": {}}},
        "server": {"image": "i:1", "adminPort": port, "port": port + 1, "containerConcurrency": 4},
        "scaling": {"minReplicas": PODS, "maxReplicas": PODS + 5},
    }
    return {"kind": names.KIND, "metadata": metadata, "spec": spec}


def _pod(pool: str, number: int) -> Manifest:
    name = f"{pool}-hash-{number}"
    labels = {names.LABEL_POOL: pool, "pod-template-hash": "hash"}
    owner = {"controller": True, "name": f"{pool}-hash", "kind": "ReplicaSet", "uid": "r"}
    metadata = {"namespace": "ns", "name": name, "uid": name, "labels": labels, "resourceVersion": "1"}
    ready = {"type": "Ready", "status": "True"}
    status = {
        "phase": "Running",
        "podIP": "127.0.0.1",
        "conditions": [ready, {"type": "PodScheduled", "status": "True"}],
        "containerStatuses": [{"name": names.CONTAINER, "state": {"running": {}}, "started": True}],
    }
    return {"metadata": metadata | {"ownerReferences": [owner]}, "spec": {}, "status": status}


def _pods(port: Connection) -> None:
    """Answer for all pods, in a process of its own."""

    async def load(_: web.Request) -> web.Response:
        return web.json_response(LOAD)

    async def serve() -> None:
        app = web.Application()
        app.router.add_get(names.PATH_LOAD, load)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


async def _ticks(port: int) -> list[tuple[float, float]]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        now_ms = steady_clock()
        reconciler = Reconciler(
            _Memory(port),  # type: ignore[arg-type]
            Scraper(session, now_ms=now_ms),
            Cache(now_ms=now_ms),
            News(_Nobody(), PoolMetrics(CollectorRegistry())),  # type: ignore[arg-type]
            token_key=b"k" * 32,
            now_ms=now_ms,
        )
        times = []
        for _ in range(TICKS):
            keys = iter([Key("ns", f"pool-{number}") for number in range(POOLS)])
            started, spent = time.monotonic(), time.process_time()
            await asyncio.gather(*(_work(reconciler, keys) for _ in range(WORKERS)))
            times.append((time.monotonic() - started, time.process_time() - spent))
        return times[WARM_UP_TICKS:]


async def _work(reconciler: Reconciler, keys: Any) -> None:
    for key in keys:
        await reconciler.reconcile(key)


def tick_figures() -> dict[str, float]:
    """Return figures of seconds and processor seconds per tick."""
    ticks = tick_seconds()
    walls, spent = [wall for wall, _ in ticks], [cpu for _, cpu in ticks]
    return {
        "tick_s_p50_100x20": percentile(walls, 50) or 0.0,
        "tick_s_p99_100x20": percentile(walls, 99) or 0.0,
        "tick_cpu_s_p50_100x20": percentile(spent, 50) or 0.0,
    }


def tick_seconds() -> list[tuple[float, float]]:
    """Return (seconds, processor seconds) of each tick; the first ones, which create things, are left out."""
    here, there = multiprocessing.Pipe(duplex=False)
    pods = multiprocessing.Process(target=_pods, args=(there,), daemon=True)
    pods.start()
    try:
        return asyncio.run(_ticks(here.recv()))
    finally:
        pods.terminate()
        pods.join(10)
