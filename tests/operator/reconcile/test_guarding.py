"""The Ingress is written beside the reconcile: a webhook that is slow or down stops no pool."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.operator.reconcile.conftest import MakeMember
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.types import Memory, Observation, Policy
from warmpool_operator.desired.pool import Pool
from warmpool_operator.desired.warming import WarmingAddress
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.reconcile.guarding import RETRY_MS, Guards
from warmpool_operator.reconcile.limiting import Guard
from warmpool_operator.reconcile.limits_report import ingress_findings, limits_status
from warmpool_operator.reconcile.roster import Roster
from warmpool_operator.reconcile.state import PoolState
from warmpool_operator.runtime.errors import Transient
from warmpool_operator.runtime.resources import ObjectRef, Resource
from warmpool_operator.warming.front import Front

KEY = Key("ns", "pool")
CONNECTIONS = "nginx.ingress.kubernetes.io/limit-connections"
Manifest = dict[str, Any]


class Server:
    """An API server that may take its time, or fail, when an Ingress is written."""

    def __init__(self) -> None:
        self.objects: dict[str, Manifest] = {}
        self.order: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def get(self, ref: ObjectRef) -> Manifest | None:
        return copy.deepcopy(self.objects.get(f"{ref.resource.kind}/{ref.name}"))

    async def apply(self, resource: Resource, manifest: Manifest, *, manager: str) -> Manifest:
        if resource.kind == "Ingress":
            await self.gate.wait()
            if self.error is not None:
                raise self.error
        stored = copy.deepcopy(manifest)
        stored["metadata"] |= {
            "uid": f"uid-{resource.kind}",
            "resourceVersion": str(100 * (len(self.order) + 1)),
        }
        self.objects[f"{resource.kind}/{manifest['metadata']['name']}"] = stored
        self.order.append(resource.kind)
        return copy.deepcopy(stored)

    async def delete(self, ref: ObjectRef, *, uid: str) -> bool:
        self.order.append(f"delete {ref.resource.kind}")
        return self.objects.pop(f"{ref.resource.kind}/{ref.name}", None) is not None

    @property
    def connections(self) -> str:
        return str(self.objects["Ingress/pool"]["metadata"]["annotations"][CONNECTIONS])


class Bed:
    """Guards of one pool, with a clock."""

    def __init__(self, pods: list[Any]) -> None:
        self.server, self.cache, self.state, self.now_ms = (
            Server(),
            Cache(now_ms=lambda: self.now_ms),
            PoolState(),
            0,
        )
        self.pods = pods
        front = Front(lambda: self.now_ms, WarmingAddress("10.0.0.9", 8082))
        self.guards = Guards(self.server, self.cache, front=front, now_ms=lambda: self.now_ms)  # type: ignore[arg-type]
        self.pool = pool()

    async def look(self, count: int, *, desired: int | None = None, after_ms: int = 500) -> list[str]:
        self.now_ms += after_ms
        roster: Roster = tuple(self.pods[:count])
        wanted = count if desired is None else desired
        policy, seen = Policy(floor=wanted, ceiling=8), Observation(replicas=count)
        self.state.decision = decide(policy, seen, Memory(published=wanted), self.now_ms)
        return await self.guards.follow(self.state, self.pool, roster)

    @property
    def guard(self) -> Guard:
        return self.state.guard


def pool(**ingress: Any) -> Pool:
    spec = PoolSpec.model_validate(
        {
            "model": {"name": "m", "source": {"baked": {}}},
            "server": {"image": "some/image:1", "containerConcurrency": 4},
            "scaling": {"maxReplicas": 8},
            "ingress": {"className": "nginx", "host": "a.example", **ingress},
        }
    )
    return Pool(namespace="ns", name="pool", uid="u", generation=1, spec=spec)


@pytest.fixture
def bed(member: MakeMember) -> Callable[[], Bed]:
    """Makes a bed, inside a running loop; its pods have 8 slots each."""
    return lambda: Bed([member() for _ in range(8)])


async def test_the_limit_follows_ready_pods_five_seconds_late_and_is_lowered_before_they_retire(
    bed: Callable[[], Bed],
) -> None:
    b = bed()
    await b.look(1)
    assert b.server.order == ["Service", "EndpointSlice", "Ingress"], "the Service before who names it"
    assert b.server.connections == "16"
    await b.look(3)
    assert b.server.connections == "16", "ready, but the controller may not know yet"
    await b.look(3, after_ms=5000)
    assert b.server.connections == "48"
    await b.look(3, desired=1, after_ms=5000)
    assert b.server.connections == "48"
    assert b.guard.lowering, "pods have to wait"
    await b.look(3, desired=1, after_ms=30_000)
    assert b.server.connections == "16"
    assert not b.guard.lowering
    await b.look(0, desired=0, after_ms=60_000)
    assert b.server.connections == "16", "never below one pod"


async def test_a_restarted_operator_does_not_take_old_pods_for_new(bed: Callable[[], Bed]) -> None:
    b = bed()
    await b.look(4)
    assert b.server.connections == "64"


async def test_a_slow_webhook_delays_nothing(bed: Callable[[], Bed]) -> None:
    b = bed()
    b.server.gate.clear()
    for _ in range(3):
        await asyncio.wait_for(b.look(1), 2)
    assert b.guard.task is not None
    b.server.gate.set()
    await b.guard.task
    await b.look(1)
    assert (b.guard.task, b.server.connections) == (None, "16")


async def test_a_webhook_that_is_down_is_a_condition_and_is_tried_again(bed: Callable[[], Bed]) -> None:
    b = bed()
    b.server.error = Transient(500, "InternalError", "failed calling webhook")
    await b.look(1)
    (finding,) = ingress_findings(b.pool, b.guard)
    assert (finding.holds, finding.reason) == (True, "WriteRefused")
    assert "failed calling webhook" in finding.message
    b.server.error = None
    await b.look(1)
    assert "Ingress/pool" not in b.server.objects, "not twice a second"
    await b.look(1, after_ms=RETRY_MS)
    assert b.server.connections == "16"
    (finding,) = ingress_findings(b.pool, b.guard)
    assert (finding.holds, finding.reason) == (False, "FullyExpressed")


async def test_an_edit_is_set_back_and_told_and_a_foreign_annotation_stays(bed: Callable[[], Bed]) -> None:
    b = bed()
    await b.look(1)
    live = copy.deepcopy(b.server.objects["Ingress/pool"])
    live["metadata"]["annotations"] |= {CONNECTIONS: "9999", "example.org/mine": "1"}
    live["metadata"]["resourceVersion"] = "390"
    b.cache.put_child(KEY, "Ingress", live)
    corrected = await b.look(1)
    assert corrected == [f"Ingress.metadata.annotations.{CONNECTIONS}"]
    assert b.server.connections == "16"
    assert await b.look(1) == []


async def test_a_foreign_annotation_alone_is_no_reason_to_write(bed: Callable[[], Bed]) -> None:
    b = bed()
    await b.look(1)
    live = copy.deepcopy(b.server.objects["Ingress/pool"])
    live["metadata"]["annotations"]["example.org/mine"] = "1"
    live["metadata"]["resourceVersion"] = "390"
    b.cache.put_child(KEY, "Ingress", live)
    writes = len(b.server.order)
    await b.look(1)
    assert len(b.server.order) == writes


async def test_without_an_ingress_in_the_spec_it_is_deleted(bed: Callable[[], Bed]) -> None:
    b = bed()
    await b.look(1)
    spec = b.pool.spec.model_copy(update={"ingress": None})
    b.pool = Pool(namespace="ns", name="pool", uid="u", generation=2, spec=spec)
    await b.look(1)
    assert b.server.order[-1] == "delete Ingress"
    assert ingress_findings(b.pool, b.guard) == []
    assert limits_status(b.pool, b.guard) is None


async def test_the_warming_service_of_somebody_else_is_left_alone(bed: Callable[[], Bed]) -> None:
    b = bed()
    b.server.objects["Service/pool-warming"] = {"metadata": {"name": "pool-warming", "uid": "x"}}
    await b.look(1)
    (finding,) = ingress_findings(b.pool, b.guard)
    assert "Service ns/pool-warming exists and does not belong to this pool" in finding.message


async def test_static_is_the_limit_of_the_ceiling_from_the_start(bed: Callable[[], Bed]) -> None:
    b = bed()
    b.pool = pool(limits={"mode": "Static"})
    await b.look(1)
    assert b.server.connections == "128"
    await b.look(8, after_ms=60_000)
    assert b.server.connections == "128"


async def test_the_truth_about_the_scope_is_told(bed: Callable[[], Bed]) -> None:
    b = bed()
    await b.look(1)
    status = limits_status(b.pool, b.guard)
    assert status is not None
    assert "not a limit of the pool as a whole" in status.message
    b.pool = pool(limits={"scope": "Pool"})
    await b.look(1)
    (finding,) = ingress_findings(b.pool, b.guard)
    assert (finding.holds, finding.reason) == (None, "Unverified")
