"""A node that runs short of memory: alone, since it is everybody's node.

The kubelet is told to evict at a higher threshold than its own; usage, pressure, eviction and taint are real.
"""

import json
from collections.abc import Callable, Iterator

import pytest

from hack.cluster import Backend
from hack.cluster.kubectl import Kubectl
from hack.cluster.named import NamedBackend
from hack.cluster.waiting import wait_for
from tests.e2e.support.pools import Object, PoolHandle, spec

pytestmark = [pytest.mark.usefixtures("operator"), pytest.mark.alone]
WEIGHTS_MIB = 3000
SPARE_MIB = 1000
"""What the node has above the threshold before the weights are loaded. Both are large, since the page cache that
counts as used comes and goes by hundreds of MiB, with the files of other tests."""
SETTLED_MIB = 200


@pytest.fixture
def short_node(cluster: Backend, kubectl: Kubectl) -> Iterator[str]:
    """The name of a node that a few hundred MiB more bring under pressure."""
    if isinstance(cluster, NamedBackend):
        pytest.skip("the nodes of a named context are not ours to change")
    node = kubectl.get("nodes")["items"][0]["metadata"]["name"]
    available = settled(kubectl, node)
    assert available > 1.5 * WEIGHTS_MIB, (
        "too little memory to tell this test from a machine that is short of it"
    )
    try:
        cluster.evict_below(f"{available - SPARE_MIB}Mi")
        yield node
    finally:
        cluster.evict_below(None)
        wait_for("the node to recover", lambda: not pressed(kubectl, node), timeout=120)


def settled(kubectl: Kubectl, node: str) -> int:
    """Return the MiB that the node has to spare, once what was before this test is gone."""

    def memory() -> Object:
        summary = json.loads(kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary"))
        found: Object = summary["node"]["memory"]
        return found

    readings = [memory()]

    def calm() -> bool:
        # The kubelet looks every ten seconds.
        if (now := memory())["time"] != readings[-1]["time"]:
            readings.append(now)
        last = [each["availableBytes"] >> 20 for each in readings[-3:]]
        return len(last) == 3 and max(last) - min(last) < SETTLED_MIB

    wait_for("the node's memory to settle", calm, timeout=90)
    return int(readings[-1]["availableBytes"]) >> 20


def pressed(kubectl: Kubectl, node: str) -> bool:
    """Whether the node says that it is short of memory, and keeps pods off."""
    found = kubectl.get("node", node)
    taints = {taint["key"] for taint in found["spec"].get("taints", [])}
    states = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    return states["MemoryPressure"] == "True" or "node.kubernetes.io/memory-pressure" in taints


def greedy() -> Object:
    """Uses far more memory than it asked the scheduler for."""
    weights = {"name": "WARMPOOL_FAKE_WEIGHTS_MIB", "value": str(WEIGHTS_MIB)}
    asked = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": f"{WEIGHTS_MIB + 400}Mi"}}
    return spec(server={"env": [weights], "resources": asked})


def modest() -> Object:
    """Asks for nothing, so that no node under pressure takes it."""
    return spec(server={"resources": {}})


def test_a_node_short_of_memory_is_told_to_those_it_evicts_and_those_it_refuses(
    kubectl: Kubectl, make_namespace: Callable[[], str], short_node: str
) -> None:
    namespace = make_namespace()
    pool, waits = PoolHandle(kubectl, namespace, "greedy"), PoolHandle(kubectl, namespace, "modest")
    pool.apply(greedy())
    wait_for("pressure", lambda: pressed(kubectl, short_node), timeout=90)
    waits.apply(modest())
    pool.wait("Evicted", lambda: pool.condition("StartupFailing").get("reason") == "Evicted", seconds=90)
    evicted = pool.condition("StartupFailing")["message"]
    waits.wait("a refusal", lambda: waits.condition("Unschedulable").get("status") == "True", seconds=60)
    refused = waits.condition("Unschedulable")
    print(f"greedy: {evicted}\nmodest: {refused['message']}")
    assert "The node was low on resource: memory" in evicted
    assert "raise server.resources.requests.memory to what the pod uses" in evicted
    assert refused["reason"] == "NoNodeFits"
    assert "if that is memory-pressure: the node takes no pod without requests" in refused["message"]
    assert "set server.resources.requests.memory" in kubectl("describe", "wmp", "modest", "-n", namespace)
    kubectl("delete", "wmp", "greedy", "-n", namespace)
    waits.wait("the node's recovery", lambda: waits.condition("Ready").get("status") == "True", seconds=120)
