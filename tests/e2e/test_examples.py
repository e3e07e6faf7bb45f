"""Every file of `examples/` is applied as it is, and does what it says."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import PoolHandle

EXAMPLES = Path(__file__).parents[2] / "examples"
ELSEWHERE = {
    "minilm.yaml": "test_minilm.py, with its answers",
    "minilm-s3.yaml": "test_sources.py, with a store",
    "minilm-hub.yaml": "test_sources.py, with a hub",
    "minilm-volume.yaml": "test_pvc_source.py, with a volume",
}
READY = {"fake.yaml": 1, "fal-like.yaml": 2, "modal-like.yaml": 1, "scheduled-shop.yaml": None}
"""Warm pods at rest: the larger of floor and buffer. None: it depends on the hour."""
IDLE = ("observe-only.yaml", "zero.yaml")
PAGES = {
    "vllm.yaml": 'vllm:num_requests_running{model_name="a"} 16.0\nvllm:num_requests_waiting{model_name="a"} 1.0\n',
    "tei.yaml": "te_request_count 100\nte_request_success 66\nte_request_failure 1\nte_queue_size 2\n",
    "custom-server.yaml": "my_requests_running 2\nmy_requests_waiting 1\n",
}
"""What a stand-in shows: one request more than a pod of the example computes at once."""
DEVICE = "gpu.yaml"
STAND_IN = Path(__file__).parent / "support/stand_in.py"
pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture(scope="module")
def applied(kubectl: Kubectl, make_namespace: Callable[[], str]) -> Callable[[str], PoolHandle]:
    """All examples at once, since pods warm beside each other."""
    namespace = make_namespace()
    for file in (*READY, *IDLE):
        kubectl("apply", "-n", namespace, "-f", str(EXAMPLES / file))

    def pool(file: str) -> PoolHandle:
        name = yaml.safe_load((EXAMPLES / file).read_text())["metadata"]["name"]
        return PoolHandle(kubectl, namespace, name)

    return pool


def desired(pool: PoolHandle) -> int:
    return int(pool.status().get("decision", {}).get("desired", 0))


@pytest.mark.parametrize("file", READY)
def test_it_becomes_ready(applied: Callable[[str], PoolHandle], file: str) -> None:
    pool = applied(file)
    pool.wait("Ready", lambda: pool.condition("Ready").get("status") == "True", seconds=150)
    if (count := READY[file]) is not None:
        pool.wait_ready(count, seconds=150)


def test_a_shop_keeps_its_rules(applied: Callable[[str], PoolHandle]) -> None:
    pool = applied("scheduled-shop.yaml")
    schedule = pool.wait("the next edge", lambda: pool.status().get("schedule"))
    assert "working-day" in str(schedule) or "nightly-batch" in str(schedule)


def test_observing_writes_nothing(applied: Callable[[str], PoolHandle], kubectl: Kubectl) -> None:
    pool = applied("observe-only.yaml")
    pool.wait("a decision", lambda: pool.status().get("decision"))
    assert desired(pool) == 2, "the floor, which is more than the buffer above no demand"
    kinds = "deployments,services,hpa,pdb"
    assert "observe-only" not in kubectl("get", kinds, "-n", pool.namespace, "-o", "name")


def test_zero_runs_nothing_once_keep_alive_has_passed(applied: Callable[[str], PoolHandle]) -> None:
    pool = applied("zero.yaml")
    pool.wait("a decision", lambda: pool.status().get("decision"))
    pool.wait("no pod", lambda: desired(pool) == 0 and pool.pods() == [], seconds=90)


@pytest.mark.parametrize("file", PAGES)
def test_a_server_of_another_make_is_counted_by_its_metrics(
    kubectl: Kubectl, make_namespace: Callable[[], str], file: str
) -> None:
    """The image is a stand-in, and nothing is fetched; all else is the example's."""
    example = yaml.safe_load((EXAMPLES / file).read_text())
    spec, server = example["spec"], example["spec"]["server"]
    spec["model"] = {"name": spec["model"]["name"], "source": {"baked": {}}}
    spec["scaling"] = {"maxReplicas": 2}
    port = str(server.get("port", 8080))
    server |= {
        "image": "warmpool/serving:dev",
        "command": ["python", "-c", STAND_IN.read_text(), port, PAGES[file]],
    }
    server |= {"args": [], "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}}
    pool = PoolHandle(kubectl, make_namespace(), example["metadata"]["name"])
    pool.apply(spec)
    pool.wait("two pods for one request more than one computes", lambda: desired(pool) == 2)


def test_a_device_that_no_node_has_is_named(kubectl: Kubectl, make_namespace: Callable[[], str]) -> None:
    """All is the example's, but for the volume, whose claim would be missed first."""
    example = yaml.safe_load((EXAMPLES / DEVICE).read_text())
    spec = example["spec"]
    spec["model"]["source"] = {"baked": {}}
    pool = PoolHandle(kubectl, make_namespace(), example["metadata"]["name"])
    pool.apply(spec)
    message = pool.wait("no node for it", lambda: pool.condition("Unschedulable").get("message"))
    assert "nvidia.com/gpu" in message


def test_no_example_is_forgotten() -> None:
    files = {path.name for path in EXAMPLES.glob("*.yaml")}
    assert files == {*ELSEWHERE, *READY, *IDLE, *PAGES, DEVICE}
