"""The sidecar as the operator writes it, run beside a server whose first request takes long."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from warmpool_operator.api import names
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.deployment import pod_template
from warmpool_operator.desired.pool import Manifest, Pool

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "tests/e2e/support/first_request.py"
COLD_SECONDS = "0.5"
Start = Callable[[list[str]], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes and ends them after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def starter(argv: list[str]) -> "subprocess.Popen[bytes]":
        running.append(subprocess.Popen(argv, cwd="/", env={"PYTHONPATH": str(ROOT / "serving")}))
        return running[-1]

    yield starter
    for process in running:
        process.kill()
        process.wait(10)


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def pod_of(port: int, admin_port: int) -> Manifest:
    spec = {
        "model": {"name": "m", "source": {"baked": {}}},
        "server": {"image": "m:1", "protocol": "custom", "port": port, "adminPort": admin_port}
        | {"metrics": {"running": "busy"}},
        "startup": {
            "warmup": {"requests": 2, "http": {"image": "s:1", "path": "/generate", "body": "a $ b"}}
        },
        "scaling": {"maxReplicas": 1},
    }
    pool = Pool(namespace="ns", name="m", uid="u", generation=1, spec=PoolSpec.model_validate(spec))
    pod: Manifest = pod_template(pool, admin_token="x")["spec"]
    return pod


def as_a_kubelet_runs_it(command: list[str]) -> list[str]:
    assert command[0] == names.PROGRAM
    return [sys.executable, "-m", "warmpool_serving", *(each.replace("$$", "$") for each in command[1:])]


def status(port: int, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}{path}", body, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""
    except OSError:
        return 0, b""


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def test_no_probe_says_started_before_the_slow_request_was_answered(start: Start) -> None:
    port, admin_port = free_ports()
    pod = pod_of(port, admin_port)
    (sidecar,), (server,) = pod["initContainers"], pod["containers"]
    probe = server["startupProbe"]["httpGet"]
    start(as_a_kubelet_runs_it(sidecar["command"]))
    wait_for(lambda: status(probe["port"], probe["path"])[0] == 503)
    command = [sys.executable, "-c", SERVER.read_text(), str(port), COLD_SECONDS]
    for _ in range(2):  # a server that was restarted is a new one
        running = start(command)
        wait_for(lambda: status(port, "/health")[0] == 200)
        assert status(probe["port"], probe["path"])[0] == 503, "healthy is not warm"
        wait_for(lambda: status(probe["port"], probe["path"])[0] == 200)
        assert status(port, "/generate", b"mine") == (200, b"3 mine"), "the sidecar's were the first two"
        running.kill()
        running.wait(10)
        assert status(probe["port"], probe["path"])[0] == 503
