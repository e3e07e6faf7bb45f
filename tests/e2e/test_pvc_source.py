"""A volume that two Jobs fill at the same time, once, and a pool that serves from it read-only."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hack.cluster.backend import ClusterError
from hack.cluster.kubectl import Kubectl
from tests.e2e.support.hammer import Hammer
from tests.e2e.support.pools import Object, PoolHandle
from tests.e2e.support.stores import Store, start_mirror
from tests.e2e.support.volumes import node_volume

EXAMPLE = Path(__file__).parents[2] / "examples/minilm-volume.yaml"
JOBS = ("fill-a", "fill-b")
HOLD_AFTER = 24 << 20
pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def storage(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """A storage class with one volume."""
    with node_volume(kubectl, f"{namespace}-volume") as name:
        yield name
        # The volume is in use as long as the pool is there.
        kubectl("delete", "wmp,jobs", "--all", "-n", namespace)


def example() -> tuple[Object, Object, Object]:
    """The claim, the Job and the pool, as users find them."""
    claim, job, pool = yaml.safe_load_all(EXAMPLE.read_text())
    return claim, job, pool


def log(kubectl: Kubectl, namespace: str, job: str) -> list[Object]:
    """What a Job's pod has logged so far, nothing before it runs."""
    try:
        return [json.loads(line) for line in kubectl("logs", f"job/{job}", "-n", namespace).splitlines()]
    except ClusterError:
        return []


def fill_twice(kubectl: Kubectl, namespace: str, job: Object, mirror: Store) -> None:
    """Run the Job two times at once, with a web server in the place of its bucket."""
    for name in JOBS:
        made = copy.deepcopy(job)
        made["metadata"]["name"] = name
        command = made["spec"]["template"]["spec"]["containers"][0]["command"]
        command[command.index("s3://models/minilm")] = f"{mirror.inside}/plain"
        kubectl.apply(made, namespace=namespace)


def test_two_jobs_fetch_once_and_the_pool_serves_what_they_left(
    kubectl: Kubectl, namespace: str, storage: str
) -> None:
    claim, job, made = example()
    claim["spec"]["storageClassName"] = storage
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "model-store"}}
    kubectl.apply(claim, secret, namespace=namespace)
    mirror = start_mirror(kubectl, namespace, "hub", "/models/minilm", "--hold-after", str(HOLD_AFTER))
    pool = PoolHandle(kubectl, namespace, made["metadata"]["name"])
    pool.apply(made["spec"])
    fill_twice(kubectl, namespace, job, mirror)
    _both_are_at_it(pool, mirror)
    assert pool.condition("Ready").get("status") != "True", "there is no model yet"
    assert json.loads(mirror.ask("/stats"))["bytes"] <= HOLD_AFTER, "one is held, the other waits for it"
    mirror.ask("/release", method="POST")
    kubectl("wait", "--for=condition=Complete", *(f"job/{name}" for name in JOBS), "-n", namespace)
    ends = [log(kubectl, namespace, name)[-1] for name in JOBS]
    print(ends)
    assert [end["message"] for end in ends] == ["fetched", "fetched"]
    # Who waited kept all of it, and who fetched kept nothing.
    assert sorted(end["keptBytes"] for end in ends) == [0, ends[0]["bytes"]]
    assert json.loads(mirror.ask("/stats"))["bytes"] < ends[0]["bytes"] + (1 << 20)
    _serves_from(pool, made)


def _both_are_at_it(pool: PoolHandle, mirror: Store) -> None:
    """Wait until one Job is held half way and both have read what there is to fetch: the other is at the lock."""

    def meet() -> bool:
        stats = json.loads(mirror.ask("/stats"))
        logs = [log(pool.kubectl, pool.namespace, name) for name in JOBS]
        # Each has read the manifest; the one that fetches may have read it once more, as a file of the model.
        return bool(stats["held"] and stats["manifests"] >= 2 and all(logs))

    pool.wait("one Job held, the other waiting", meet)


def _serves_from(pool: PoolHandle, made: Object) -> None:
    payload = {"model": made["spec"]["model"]["name"], "input": ["a warm pod"]}
    with Hammer(pool.url(), payload, clients=1) as hammer:
        pool.wait("a first answer", lambda: hammer.statuses[200] > 0, seconds=120)
    assert hammer.strange(0, 200) == []
    (vector,) = json.loads(hammer.first(200).body)["data"]
    assert len(vector["embedding"]) == 384
    (pod,) = pool.pod_names()
    with pytest.raises(ClusterError, match="Read-only file system"):
        pool.kubectl.run_in(pool.namespace, pod, ["touch", "/models/anything"])
