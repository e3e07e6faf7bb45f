"""A server of another make whose first request takes long: no client ever gets it, not after a crash either."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hack.cluster import ClusterError
from hack.cluster.kubectl import Kubectl
from tests.e2e.support.hammer import Hammer
from tests.e2e.support.pools import Object, PoolHandle

SERVER = Path(__file__).parent / "support/first_request.py"
COLD_SECONDS = 5
WARMUPS = 2
pytestmark = pytest.mark.usefixtures("operator")


def spec(*, path: str = "/generate", concurrency: int = 4, **scaling: object) -> Object:
    return {
        "model": {"name": "any", "source": {"baked": {}}},
        "server": {
            "image": "warmpool/serving:dev",
            "command": ["python", "-c", SERVER.read_text(), "8080", str(COLD_SECONDS)],
            "protocol": "custom",
            "metrics": {"running": "busy"},
            "containerConcurrency": concurrency,
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        },
        "startup": {
            "timeoutSeconds": 60,
            "warmup": {
                "requests": WARMUPS,
                "http": {"image": "warmpool/serving:dev", "path": path, "body": "$(HOSTNAME) is literal"},
            },
        },
        "scaling": {"minReplicas": 1, "maxReplicas": 4, "keepAliveSeconds": 1} | scaling,
    }


@pytest.fixture(scope="module")
def pool(kubectl: Kubectl, make_namespace: Callable[[], str]) -> PoolHandle:
    """The pool of this file."""
    return PoolHandle(kubectl, make_namespace(), "first-request")


def conditions(pod: Object) -> dict[str, str]:
    return {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}


def places(hammer: Hammer) -> list[int]:
    """Every answer names the place of its request among those of its server: the first ones are the sidecar's."""
    assert hammer.strange(0, 200) == []
    return [int(answer.body.split()[0]) for answer in hammer.answers if answer.status == 200]


def warmer_log(pool: PoolHandle, pod: str) -> list[str]:
    return pool.kubectl("logs", pod, "-c", "warm", "-n", pool.namespace).splitlines()


def test_no_client_gets_the_slow_one(pool: PoolHandle) -> None:
    pool.apply(spec())
    url = pool.url("/generate")
    with Hammer(url, {}, clients=1) as hammer:
        pool.wait("an answer", lambda: hammer.statuses[200] > 0, seconds=90)
        pool.apply(spec(minReplicas=3))
        pool.wait_ready(3, seconds=90)
        answered = hammer.statuses[200]
        pool.wait("answers of all three", lambda: hammer.statuses[200] > answered + 60)
    assert min(places(hammer)) > WARMUPS
    assert hammer.lost() == []


def test_requests_of_the_warming_are_no_demand(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "undemanding")
    pool.apply(spec(concurrency=1, minReplicas=3, concurrencyBuffer=1))
    pool.wait_ready(3, seconds=90)
    history = pool.status().get("history", [])
    assert {each["desired"] for each in history} <= {3}, "three requests and a buffer of one would be four"


def test_a_server_that_crashed_is_warmed_again(pool: PoolHandle) -> None:
    pool.apply(spec(minReplicas=1))
    pool.wait_ready(1, seconds=90)
    (name,) = pool.pod_names()

    def restarted() -> bool:
        (pod,) = pool.pods()
        (server,) = pod["status"]["containerStatuses"]
        return bool(server["restartCount"] == 1 and conditions(pod)["Ready"] == "True")

    with Hammer(pool.url("/generate"), {}, clients=1) as hammer:
        pool.wait("an answer", lambda: hammer.statuses[200] > 0)
        crash(pool, name)
        pool.wait("the server back", restarted, seconds=90)
        answered = hammer.statuses[200]
        pool.wait("answers of the new one", lambda: hammer.statuses[200] > answered + 5)
    # The one client may get to the new server before the pod is taken out of the Service, and then waits there.
    assert sum(place <= WARMUPS for place in places(hammer)) <= 1
    said = [json.loads(line)["message"] for line in warmer_log(pool, name)]
    assert said.count("warm") == 2, said


def test_a_request_that_the_server_refuses_is_told(kubectl: Kubectl, namespace: str) -> None:
    pool = PoolHandle(kubectl, namespace, "refused")
    pool.apply(spec(path="/no-such-path"))
    condition = pool.wait(
        "the reason",
        lambda: (found := pool.condition("StartupFailing")).get("reason") == "WarmupFailed" and found,
        seconds=90,
    )
    assert "/no-such-path answers 404 to the warm-up request" in condition["message"]


def crash(pool: PoolHandle, name: str) -> None:
    """End the server, which leaves no answer."""
    with suppress(ClusterError):
        pool.kubectl("get", "--raw", f"/api/v1/namespaces/{pool.namespace}/pods/{name}:8080/proxy/crash")
