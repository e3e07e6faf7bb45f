"""The phases of a start against a clock beside the operator; a starved observer would be late itself."""

from collections.abc import Callable
from statistics import median

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import PoolHandle, spec
from tests.e2e.support.watching import PodWatch

pytestmark = [pytest.mark.usefixtures("operator"), pytest.mark.timed]
LOAD_SECONDS = 20
OWN = {"process_start", "imports", "load", "warmup"}


def test_phases_add_up_to_the_time_that_a_watch_beside_the_operator_sees(
    kubectl: Kubectl, make_namespace: Callable[[], str]
) -> None:
    namespace = make_namespace()
    pool = PoolHandle(kubectl, namespace, "slow")
    env = [{"name": "WARMPOOL_FAKE_LOAD_SECONDS", "value": str(LOAD_SECONDS)}]
    with PodWatch(kubectl, namespace) as watch:
        pool.apply(spec(server={"env": env}, scaling={"minReplicas": 3, "maxReplicas": 3}))
        pool.wait("three starts", lambda: pool.status().get("startup", {}).get("samples") == 3, seconds=90)
    startup = pool.status()["startup"]
    assert len(startup["last"]) == 3
    apart = []
    for start in startup["last"]:
        wall = watch.ready[start["pod"]] - watch.seen[start["pod"]]
        total = sum(start["phasesMs"].values()) / 1000
        print(f"{start['pod']}: phases {total:.3f} s, beside the operator {wall:.3f} s, {start['phasesMs']}")
        assert start["phasesMs"].keys() > OWN, start
        assert LOAD_SECONDS <= start["phasesMs"]["load"] / 1000 < total
        apart.append(abs(total - wall) / wall)
    assert median(apart) <= 0.05, apart
    assert startup["phases"]["load"]["p50"].startswith("20")
