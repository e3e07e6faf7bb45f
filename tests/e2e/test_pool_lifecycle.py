"""One pool from its first pod to its last: warm, burst, shrink, return, drift, end."""

import json
import time
from collections.abc import Callable

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.hammer import Hammer
from tests.e2e.support.pools import FAKE_PAYLOAD, PoolHandle, spec

CEILING = 4
pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture(scope="module")
def pool(kubectl: Kubectl, make_namespace: Callable[[], str]) -> PoolHandle:
    """The pool that the tests of this file use one after the other; each leaves it with one warm pod."""
    return PoolHandle(kubectl, make_namespace(), "life")


@pytest.fixture
def warm(pool: PoolHandle) -> PoolHandle:
    """The same, settled at its floor."""
    pool.apply(spec())
    pool.wait_ready(1, seconds=90)
    return pool


def test_no_client_ever_meets_a_loading_pod(pool: PoolHandle) -> None:
    """Clients hammer the Service from before the pool exists: all they ever get is the right answer."""
    with Hammer(pool.url(), FAKE_PAYLOAD, clients=2) as hammer:
        pool.apply(spec())
        pool.wait("a first answer", lambda: hammer.statuses[200] > 0)
        pool.wait_ready(1)
    assert hammer.strange(0, 200) == []
    assert hammer.lost() == []
    answers = [json.loads(answer.body) for answer in hammer.answers if answer.status == 200]
    assert len(answers[0]["data"][0]["embedding"]) > 0
    assert all(answer["data"] == answers[-1]["data"] for answer in answers)


def test_a_burst_adds_pods_up_to_the_ceiling_and_idleness_retires_them(warm: PoolHandle) -> None:
    seen: set[int] = set()

    def grown() -> bool:
        seen.add(warm.get("deployment")["spec"]["replicas"])
        return bool(warm.status()["pods"]["ready"] == CEILING)

    # Twice as many as four pods compute: clients that a busy machine slows down must still ask for too much.
    with Hammer(warm.url(), FAKE_PAYLOAD, clients=16) as burst:
        warm.wait("the ceiling", grown)
        warm.wait("the limit", lambda: warm.condition("ScalingLimited")["status"] == "True")
        hpa = warm.get("hpa")["spec"]
        assert (hpa["minReplicas"], hpa["maxReplicas"]) == (CEILING, CEILING)
    assert max(seen) <= CEILING
    assert burst.lost() == []
    assert burst.strange(0, 200, 429) == []
    with Hammer(warm.url(), FAKE_PAYLOAD, clients=1) as trickle:
        warm.wait_ready(1, seconds=90)
    assert trickle.lost() == [], "a shrink lost a request"
    assert trickle.strange(0, 200) == []
    # A connection may meet a rule that kube-proxy has yet to rewrite, the more so on a machine that is short of
    # processor time; nothing was accepted then, and clients simply connect again.
    refused = [(round(each.at - trickle.answers[0].at, 1), each.detail) for each in trickle.strange(200)]
    assert len(refused) <= len(trickle.answers) // 5, refused
    reasons = {each["reason"] for each in _events(warm)}
    assert {"ScaledOut", "PodsRetired", "ScaledIn"} <= reasons


def test_demand_that_returns_gets_its_retired_pods_back(warm: PoolHandle) -> None:
    with Hammer(warm.url(), FAKE_PAYLOAD, clients=12):
        warm.wait("the ceiling", lambda: warm.status()["pods"]["ready"] == CEILING)
    pods = warm.pod_names()
    warm.wait("a retired pod", lambda: warm.status()["pods"]["draining"] > 0)
    with Hammer(warm.url(), FAKE_PAYLOAD, clients=12) as again:
        warm.wait("all back", lambda: warm.status()["pods"]["ready"] == CEILING)
        assert warm.pod_names() == pods, "a new pod was started although warm ones were there"
    assert again.lost() == []
    assert again.strange(0, 200, 429) == []


def test_hands_on_children_are_undone(warm: PoolHandle) -> None:
    edits = {
        "hpa": '{"spec":{"minReplicas":2,"maxReplicas":9}}',
        "deployment": '{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":1}}}}',
        "service": '{"spec":{"ports":[{"port":80,"name":"http","targetPort":9999}]}}',
        "pdb": '{"spec":{"maxUnavailable":3}}',
    }
    before = {kind: warm.get(kind)["spec"] for kind in edits}
    for kind, patch in edits.items():
        warm.kubectl("patch", kind, warm.name, "-n", warm.namespace, "--type=merge", "-p", patch)
    for kind, wanted in before.items():
        warm.wait(f"{kind} set back", lambda kind=kind, wanted=wanted: warm.get(kind)["spec"] == wanted)
    warm.kubectl("delete", "service", warm.name, "-n", warm.namespace)
    warm.wait(
        "the Service again", lambda: "life" in warm.kubectl("get", "svc", "-n", warm.namespace, "-o", "name")
    )
    # Events are sent after the fact, and kept out of the way of decisions.
    warm.wait("the event", lambda: "DriftCorrected" in {each["reason"] for each in _events(warm)})


def test_replicas_belong_to_nobody_but_scale(warm: PoolHandle) -> None:
    fields = warm.kubectl.get("deployment", warm.name, "-n", warm.namespace, "--show-managed-fields")
    for entry in fields["metadata"]["managedFields"]:
        if entry["manager"] == "warmpool-operator":
            assert "f:replicas" not in entry["fieldsV1"].get("f:spec", {})
    hpa = warm.kubectl.get("hpa", warm.name, "-n", warm.namespace, "--show-managed-fields")
    applied = {e["manager"] for e in hpa["metadata"]["managedFields"] if e["operation"] == "Apply"}
    assert applied == {"warmpool-operator-scale"}


def test_a_deleted_pool_leaves_nothing(warm: PoolHandle) -> None:
    kinds = "deployments,replicasets,pods,services,hpa,pdb,ingresses"
    ours = ["get", kinds, "-n", warm.namespace, "-l", f"warmpool.dev/pool={warm.name}", "-o", "name"]
    warm.wait("its children", lambda: len(warm.kubectl(*ours).splitlines()) >= 6)
    warm.kubectl("delete", "wmp", warm.name, "-n", warm.namespace)
    deadline = time.monotonic() + 60
    while left := warm.kubectl(*ours):
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.5)


def _events(pool: PoolHandle) -> list[dict[str, str]]:
    selector = f"involvedObject.name={pool.name},involvedObject.kind=WarmModelPool"
    items: list[dict[str, str]] = pool.kubectl.get(
        "events", "-n", pool.namespace, "--field-selector", selector
    )["items"]
    return items
