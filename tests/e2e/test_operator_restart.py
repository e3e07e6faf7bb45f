"""An operator that ends, gracefully or not, takes nothing from its pools."""

from collections.abc import Callable

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.hammer import Hammer
from tests.e2e.support.operator import OperatorHandle
from tests.e2e.support.pools import FAKE_PAYLOAD, PoolHandle, spec

pytestmark = [pytest.mark.usefixtures("operator"), pytest.mark.alone]


@pytest.fixture(scope="module")
def pool(kubectl: Kubectl, make_namespace: Callable[[], str]) -> PoolHandle:
    """The pool of this file, warm."""
    pool = PoolHandle(kubectl, make_namespace(), "bereft")
    pool.apply(spec())
    pool.wait_ready(1, seconds=90)
    return pool


def test_a_restart_under_load_never_shrinks(pool: PoolHandle, operator: OperatorHandle) -> None:
    with Hammer(pool.url(), FAKE_PAYLOAD, clients=6):
        pool.wait("three pods", lambda: pool.status()["pods"]["ready"] >= 3)
        before = pool.get("deployment")["spec"]["replicas"]
        for ending in (operator.kill, operator.restart):
            ending()
            assert pool.get("deployment")["spec"]["replicas"] >= before
            _wait_for_a_look(pool)
            assert pool.get("deployment")["spec"]["replicas"] >= before
            assert pool.get("hpa")["spec"]["minReplicas"] >= before


def test_what_was_measured_survives(pool: PoolHandle, operator: OperatorHandle) -> None:
    pool.wait_ready(1, seconds=90)
    before = pool.wait("a measured start-up", lambda: pool.status().get("startup"))
    operator.restart()
    _wait_for_a_look(pool)
    assert pool.status()["startup"] == before


def _wait_for_a_look(pool: PoolHandle) -> None:
    """Wait until the pool has a status that was not there before."""
    version = pool.get()["metadata"]["resourceVersion"]
    pool.wait("a new status", lambda: pool.get()["metadata"]["resourceVersion"] != version)
