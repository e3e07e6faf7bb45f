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
}
READY = {"fake.yaml": 1, "fal-like.yaml": 2, "modal-like.yaml": 1, "scheduled-shop.yaml": None}
"""Warm pods at rest: the larger of floor and buffer. None: it depends on the hour."""
pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture(scope="module")
def applied(kubectl: Kubectl, make_namespace: Callable[[], str]) -> Callable[[str], PoolHandle]:
    """All examples at once, since pods warm beside each other."""
    namespace = make_namespace()
    files = sorted(path.name for path in EXAMPLES.glob("*.yaml") if path.name not in ELSEWHERE)
    for file in files:
        kubectl("apply", "-n", namespace, "-f", str(EXAMPLES / file))

    def pool(file: str) -> PoolHandle:
        name = yaml.safe_load((EXAMPLES / file).read_text())["metadata"]["name"]
        return PoolHandle(kubectl, namespace, name)

    return pool


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
    decision = pool.wait("a decision", lambda: pool.status().get("decision"))
    assert decision["desired"] == 2, "the floor, which is more than the buffer above no demand"
    kinds = "deployments,services,hpa,pdb"
    assert "observe-only" not in kubectl("get", kinds, "-n", pool.namespace, "-o", "name")


def test_no_example_is_forgotten() -> None:
    files = {path.name for path in EXAMPLES.glob("*.yaml")}
    assert files == {*ELSEWHERE, *READY, "observe-only.yaml"}
