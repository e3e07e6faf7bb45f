"""The admin port: probes, load, retire and un-retire, metrics.

A plain standard-library server in a thread of its own, listening before anything heavy is
imported. It never touches the event loop, the queue's workers or the engine, so it answers while
they are busy. Retiring needs the pool's token: whoever reaches the port could otherwise drain a pod.
"""

import hmac
import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final, Protocol

from warmpool_serving.logs import event
from warmpool_serving.names import AdminPath, State
from warmpool_serving.report import Report

_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
_IDLE_SECONDS: Final = 65
_STUCK_SECONDS: Final = 60.0
_STUCK_BATCHES: Final = 20.0

Answer = tuple[int, dict[str, Any] | bytes]


class Answers(Protocol):
    """The answers, apart from HTTP."""

    def get(self, path: str) -> Answer:
        """Answers a GET."""

    def drain(self, authorization: str | None, *, retire: bool) -> Answer:
        """Retires or un-retires."""


class AdminApi:
    """The answers of a model server."""

    def __init__(self, report: Report, *, token: str, on_retire: Callable[[bool], None]) -> None:
        self._report, self._token, self._on_retire = report, token.encode(), on_retire

    def get(self, path: str) -> Answer:
        """Answers a GET."""
        answers: dict[str, Callable[[], Answer]] = {
            AdminPath.LIVE: self._live,
            AdminPath.STARTUP: self._startup,
            AdminPath.READY: self._ready,
            AdminPath.LOAD: lambda: (200, self._report.load()),
            AdminPath.DRAIN: lambda: (200, {"state": str(self._report.lifecycle.state)}),
            AdminPath.METRICS: self._metrics,
        }
        return answers.get(path, lambda: (404, {"error": f"no such path: {path}"}))()

    def drain(self, authorization: str | None, *, retire: bool) -> Answer:
        """Retires or un-retires; both may be repeated."""
        refusal = self._refusal(authorization)
        if refusal is not None:
            return refusal
        lifecycle = self._report.lifecycle
        if lifecycle.ending:
            return 409, {
                "error": f"the process is {lifecycle.state} and will end",
                "state": str(lifecycle.state),
            }
        lifecycle.retire(retired=retire)
        self._on_retire(retire)
        return 200, {"state": str(lifecycle.state)}

    def _refusal(self, authorization: str | None) -> Answer | None:
        if not self._token:
            return 403, {"error": "WARMPOOL_ADMIN_TOKEN is not set, so this process takes no such calls"}
        given = (authorization or "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(given, self._token):
            return 401, {"error": "Authorization: Bearer <the pool's token> is needed"}
        return None

    def _live(self) -> Answer:
        batcher, heartbeat = self._report.batcher, self._report.heartbeat
        if heartbeat is not None and (late := time.monotonic() - heartbeat) > _STUCK_SECONDS:
            return 500, {"status": "event loop stuck", "seconds": round(late)}
        if batcher is not None:
            stuck = batcher.longest_batch()
            if stuck > max(_STUCK_SECONDS, _STUCK_BATCHES * batcher.speed.batch_seconds):
                return 500, {"status": "worker stuck", "seconds": round(stuck)}
        return 200, {"status": "alive"}

    def _startup(self) -> Answer:
        lifecycle, cold = self._report.lifecycle, self._report.cold
        if lifecycle.started:
            return 200, {"status": "started", "seconds": round(cold.seconds, 3)}
        body: dict[str, Any] = {
            "status": "failed" if lifecycle.state is State.FAILED else "starting",
            "state": str(lifecycle.state),
            "phase": str(cold.current or ""),
            "secondsInPhase": round(cold.seconds_in_phase, 3),
            "seconds": round(cold.seconds, 3),
        }
        return 503, body | ({"reason": lifecycle.reason} if lifecycle.reason else {})

    def _ready(self) -> Answer:
        lifecycle = self._report.lifecycle
        body = {"status": "ready" if lifecycle.ready else "not ready", "state": str(lifecycle.state)}
        return (200 if lifecycle.ready else 503), body

    def _metrics(self) -> Answer:
        text = self._report.metrics_text
        if text is not None:
            return 200, text()
        # Before prometheus-client is imported: what is certain already, and no more.
        return 200, b"# TYPE warmpool_model_ready gauge\nwarmpool_model_ready 0.0\n"


class _Handler(BaseHTTPRequestHandler):
    api: ClassVar[Answers]
    protocol_version = "HTTP/1.1"
    server_version = "warmpool"
    sys_version = ""
    timeout = _IDLE_SECONDS
    # One write per answer, at once: two small ones cost a keep-alive client 40 ms of delayed ACK.
    wbufsize = 8192
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(self.api.get(self.path.partition("?")[0]))

    def do_POST(self) -> None:
        self._mutate(retire=True)

    def do_DELETE(self) -> None:
        self._mutate(retire=False)

    def _mutate(self, *, retire: bool) -> None:
        # A body means nothing here, so it is not read, and the connection cannot be used again.
        self.close_connection = (
            self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers
        )
        if self.path != AdminPath.DRAIN:
            self._answer((404, {"error": f"no such path: {self.path}"}))
            return
        self._answer(self.api.drain(self.headers.get("Authorization"), retire=retire))

    def _answer(self, answer: Answer) -> None:
        status, content = answer
        body = content if isinstance(content, bytes) else json.dumps(content).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", _TEXT if isinstance(content, bytes) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name http.server calls
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def server_bind(self) -> None:
        # HTTPServer would ask DNS for the host's full name here, which can take seconds in a pod.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:
        event("admin connection broke", level=10)


def serve_admin(api: Answers, host: str, port: int) -> int:
    """Listens from now on, in a thread; returns the port.

    Raises:
        OSError: the port cannot be bound.
    """
    handler = type("Handler", (_Handler,), {"api": api})
    _Server.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = _Server((host, port), handler)
    threading.Thread(target=server.serve_forever, args=(0.5,), name="admin", daemon=True).start()
    return int(server.server_address[1])
