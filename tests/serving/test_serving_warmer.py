"""`warmpool-serve warm`: first requests, what counts as an answer, and servers that start anew."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from warmpool_serving.cli import main
from warmpool_serving.names import Exit
from warmpool_serving.warmer import loop
from warmpool_serving.warmer.loop import RefusedError, Warmer
from warmpool_serving.warmer.request import Answer, Request
from warmpool_serving.warmer.sockets import listening

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A server whose answers a test chooses; `restart` makes it listen on another socket of the same port."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.seen: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.answering: Callable[[], object] = lambda: None
        self._start(0)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def request(self, **more: Any) -> Request:
        return Request(url=urlsplit(f"http://127.0.0.1:{self.port}/generate"), **more)

    def warmer(self, count: int = 2) -> Warmer:
        return Warmer(
            self.request(body=b"{}"), self.request(), count=count, listening=lambda: listening(self.port)
        )

    def restart(self) -> None:
        port = self.port
        self.close()
        self._start(port)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _start(self, port: int) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                outer.seen.append((self.command, self.path, body, dict(self.headers)))
                outer.answering()
                status = outer.statuses.pop(0) if outer.statuses else 200
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"no such\nmodel")

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server, up."""
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "PAUSE_SECONDS", 0.01)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_port_is_known_by_the_sockets_that_listen(family: socket.AddressFamily) -> None:
    with socket.socket(family) as one:
        try:
            one.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        except OSError:
            pytest.skip("this machine has no such addresses")
        port = one.getsockname()[1]
        assert listening(port) == frozenset(), "bound is not yet listening"
        one.listen()
        assert listening(port) == {str(os.fstat(one.fileno()).st_ino)}
        with socket.create_connection(one.getsockname()[:2]):
            assert len(listening(port)) == 1, "connections are not listeners"
    assert listening(port) == frozenset()


def test_a_table_that_is_missing_is_empty(tmp_path: Path) -> None:
    assert listening(80, [tmp_path / "tcp6"]) == frozenset()


@pytest.mark.parametrize(
    ("status", "good", "refusal"),
    [
        (200, True, False),
        (204, True, False),
        (301, False, False),
        (400, False, True),
        (404, False, True),
        (429, False, False),
        (500, False, False),
        (503, False, False),
        (0, False, False),
    ],
)
def test_what_is_good_and_what_will_not_change(status: int, good: bool, refusal: bool) -> None:
    assert (Answer(status).good, Answer(status).refusal) == (good, refusal)


def test_a_request_is_sent_as_it_was_given(server: Server) -> None:
    body, headers = '{"a": "ä"}'.encode(), {"Content-Type": "text/plain", "Authorization": "Bearer s"}
    request = Request(url=urlsplit(f"http://127.0.0.1:{server.port}/a?b=1"), body=body, headers=headers)
    assert request.send() == Answer(200, "no such model")
    method, path, sent, seen = server.seen[0]
    assert (method, path, sent) == ("POST", "/a?b=1", body)
    assert seen.items() >= headers.items()
    assert "Bearer" not in repr(request)
    assert server.request().send().good
    assert server.seen[1][0] == "GET"


def test_no_server_is_an_answer_too(server: Server) -> None:
    server.close()
    answer = server.request(timeout=1).send()
    assert (answer.status, answer.good, answer.refusal) == (0, False, False)
    assert "ConnectionRefusedError" in answer.words


def test_it_takes_so_many_good_answers(server: Server) -> None:
    server.statuses = [503, 200, 429, 200, 200]
    warmer = server.warmer(count=3)
    assert warmer.warm_up(listening(server.port)) == listening(server.port)
    assert len(server.seen) == 5


def test_a_request_that_is_wrong_is_told_in_the_words_of_the_server(server: Server) -> None:
    server.statuses = [404] * loop.MAX_REFUSALS
    with pytest.raises(RefusedError, match="/generate answers 404 to the warm-up request: no such model"):
        server.warmer().warm_up(listening(server.port))


def test_a_server_that_needs_a_while_to_know_its_paths_is_waited_for(server: Server) -> None:
    server.statuses = [404] * (loop.MAX_REFUSALS - 1)
    assert server.warmer().warm_up(listening(server.port))


def test_answers_of_a_server_that_is_gone_do_not_count(server: Server) -> None:
    before = listening(server.port)
    server.restart()
    assert server.warmer().warm_up(before) == frozenset()
    assert server.seen == []


def test_a_restart_is_seen_at_once_and_warmed_anew(server: Server, until: Callable[..., None]) -> None:
    held = threading.Event()
    held.set()
    server.answering = lambda: held.wait(10)
    warmer = server.warmer()
    assert not warmer.warm
    threading.Thread(target=warmer.run, daemon=True).start()
    until(lambda: warmer.warm)
    held.clear()
    server.restart()
    assert not warmer.warm, "no look at it may say that the new one is warm"
    held.set()
    until(lambda: warmer.warm)


class Process:
    """The command as a container runs it."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        env = os.environ | {"PYTHONPATH": str(ROOT / "serving")} | variables
        argv = [sys.executable, "-m", "warmpool_serving", "warm", "--host=127.0.0.1", "--port=0", *arguments]
        self.process = subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True, cwd="/")
        assert self.process.stderr is not None
        self.port = json.loads(self.process.stderr.readline())["adminPort"]

    def status(self, path: str) -> int:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False).status_code

    def end(self) -> tuple[int, str]:
        _, told = self.process.communicate(timeout=20)
        return self.process.returncode, told


def test_the_command_answers_probes_and_ends_when_told(server: Server, until: Callable[..., None]) -> None:
    url = f"http://localhost:{server.port}"
    process = Process(f"--url={url}/generate", f"--health={url}/health", "--body=-x", WARMPOOL_API_KEY="key")
    until(lambda: process.status("/health/startup") == 200)
    assert [process.status(path) for path in ("/health/ready", "/health/live", "/x")] == [200, 200, 404]
    sent = [each for each in server.seen if each[0] == "POST"]
    assert [body for _, _, body, _ in sent] == [b"-x"] * 3
    assert {headers["Authorization"] for *_, headers in server.seen} == {"Bearer key"}
    began = time.monotonic()
    process.process.send_signal(signal.SIGTERM)
    code, told = process.end()
    assert (code, time.monotonic() - began < 5) == (0, True)
    assert "Bearer" not in told


def test_a_refused_request_ends_the_command(server: Server) -> None:
    server.statuses = [200] + [422] * loop.MAX_REFUSALS
    url = f"http://localhost:{server.port}"
    code, told = Process(f"--url={url}/generate", f"--health={url}/", "--body={}").end()
    assert code == Exit.WARM
    assert json.loads(told.splitlines()[-1])["message"].startswith("/generate answers 422")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--health=http://a/"],
        ["--url=ftp://a/", "--health=http://a/"],
        ["--url=http://a:b/", "--health=http://a/"],
        ["--url=http://a/", "--health=http://a/", "--count=0"],
    ],
)
def test_wrong_arguments_are_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["warm", *arguments])
    assert ended.value.code == Exit.USAGE
    assert "warmpool-serve warm: error: " in capsys.readouterr().err
