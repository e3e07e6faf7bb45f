"""Starts are measured phase by phase, and a slow one is told of and left alone."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import Object, PoolHandle, spec
from tests.e2e.support.watching import PodWatch

pytestmark = pytest.mark.usefixtures("operator")
LOAD_SECONDS = 20
TIMEOUT_SECONDS = 120


def loading(seconds: float, pods: int) -> Object:
    env = [{"name": "WARMPOOL_FAKE_LOAD_SECONDS", "value": str(seconds)}]
    made = spec(server={"env": env}, scaling={"minReplicas": pods, "maxReplicas": 5})
    return made | {"startup": {"timeoutSeconds": TIMEOUT_SECONDS}}


@pytest.fixture(scope="module")
def place(kubectl: Kubectl, make_namespace: Callable[[], str]) -> Iterator[tuple[str, PodWatch]]:
    """Both pools at once: what one waits for, the other does meanwhile."""
    namespace = make_namespace()
    with PodWatch(kubectl, namespace) as watch:
        PoolHandle(kubectl, namespace, "quick").apply(loading(0.1, 5))
        PoolHandle(kubectl, namespace, "slow").apply(loading(LOAD_SECONDS, 3))
        yield namespace, watch


def test_a_start_that_is_slow_against_its_history_is_told_and_not_killed(
    kubectl: Kubectl, place: tuple[str, PodWatch]
) -> None:
    pool = PoolHandle(kubectl, place[0], "quick")
    pool.wait(
        "five measured starts", lambda: pool.status().get("startup", {}).get("samples") == 5, seconds=90
    )
    before = pool.pod_names()
    pool.apply(loading(max(LOAD_SECONDS, 3 * float(pool.status()["startup"]["p95"].rstrip("s"))), 5))
    pool.wait("SlowStart", lambda: pool.condition("SlowStart").get("status") == "True", seconds=120)
    slow = pool.condition("SlowStart")
    assert slow["reason"] == "SlowerThanUsual"
    assert f"{TIMEOUT_SECONDS} s (startup.timeoutSeconds)" in slow["message"]
    assert slow["message"] in kubectl("describe", "wmp", "quick", "-n", place[0]).replace("\n", " ")
    named = slow["message"].split()[1]
    assert named in pool.pod_names() - before
    pool.wait("the slow pod warm", lambda: named in place[1].ready, seconds=120)
    (pod,) = [each for each in pool.pods() if each["metadata"]["name"] == named]
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


def test_the_first_request_of_a_pod_is_dated(kubectl: Kubectl, place: tuple[str, PodWatch]) -> None:
    pool = PoolHandle(kubectl, place[0], "slow")
    pool.wait("three starts", lambda: pool.status().get("startup", {}).get("samples") == 3, seconds=90)
    body = json.dumps({"model": "fake", "input": "hello"}).encode()
    request = urllib.request.Request(pool.url(), body, {"Content-Type": "application/json"})

    def answered() -> bool:
        # A node's proxy learns of a pod that is Ready a moment later than the operator, and refuses until then.
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError:
            return False

    pool.wait("an answer", answered)
    told = pool.wait(
        "the first request",
        lambda: [each for each in pool.status()["startup"]["last"] if "firstRequestMs" in each],
    )
    assert len(told) == 1, "one request reaches one pod"


def test_a_start_is_an_event_on_its_pod_and_a_histogram_of_the_operator(
    kubectl: Kubectl, place: tuple[str, PodWatch]
) -> None:
    namespace, _ = place
    pool = PoolHandle(kubectl, namespace, "slow")
    pool.wait("three starts", lambda: pool.status().get("startup", {}).get("samples") == 3, seconds=90)
    (name, *_) = pool.pod_names()
    pool.wait("the event", lambda: "ColdStart" in kubectl("describe", "pod", name, "-n", namespace))
    path = "/api/v1/namespaces/warmpool-system/services/warmpool-metrics:metrics/proxy/metrics"
    text = kubectl("get", "--raw", path)
    labels = f'namespace="{namespace}",phase="total",pool="slow"'
    assert f"warmpool_pool_cold_start_seconds_count{{{labels}}} 3.0" in text


def test_the_command_line_tells_of_real_pools(
    kubectl: Kubectl,
    place: tuple[str, PodWatch],
    warmpool: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    namespace, _ = place
    pool = PoolHandle(kubectl, namespace, "slow")
    pool.wait_ready(3)
    table = warmpool("status", "-n", namespace)
    assert "slow" in table.stdout
    assert warmpool("status", "slow", "-n", namespace, "--check").returncode == 0
    told = json.loads(warmpool("explain", "slow", "-n", namespace, "-o", "json").stdout)
    assert (told["desired"], told["binding"]) == (3, "Floor")
    assert "3, from scaling.minReplicas" in warmpool("explain", "slow", "-n", namespace).stdout
    bars = warmpool("timeline", "slow", "-n", namespace).stdout.splitlines()
    assert len([line for line in bars if "l" * 40 in line]) == 3, "most of each start is loading"
    for name, begin in (("starts.png", b"\x89PNG\r"), ("starts.svg", b"<?xml")):
        drawn = warmpool("timeline", "slow", "-n", namespace, "--out", str(tmp_path / name))
        assert (drawn.returncode, (tmp_path / name).read_bytes()[:5]) == (0, begin), drawn
    missing = warmpool("explain", "nobody", "-n", namespace)
    assert (missing.returncode, "no WarmModelPool nobody" in missing.stderr) == (1, True)
