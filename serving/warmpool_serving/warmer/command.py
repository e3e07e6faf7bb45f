"""``warmpool-serve warm --url URL --health URL``: a sidecar for a server whose first requests take long.

It answers the startup probe of the server beside it: 200 once that has answered the warm-up requests. Standard
library only, so that it takes little memory. A bearer token that the server wants comes from ``WARMPOOL_API_KEY``.
"""

import argparse
import os
import signal
from collections.abc import Sequence
from types import FrameType
from urllib.parse import SplitResult, urlsplit

from warmpool_serving.admin import Answer, serve_admin
from warmpool_serving.config import env_name
from warmpool_serving.logs import configure, event
from warmpool_serving.names import AdminPath, Exit
from warmpool_serving.termination import write_termination_message
from warmpool_serving.warmer.loop import RefusedError, Warmer
from warmpool_serving.warmer.request import Request
from warmpool_serving.warmer.sockets import listening


class Answers:
    """What the probes are told."""

    def __init__(self, warmer: Warmer) -> None:
        self._warmer = warmer

    def get(self, path: str) -> Answer:
        """Answers a GET."""
        if path == AdminPath.LIVE:
            return 200, {"status": "alive"}
        if path in {AdminPath.STARTUP, AdminPath.READY}:
            warm = self._warmer.warm
            return (200 if warm else 503), {"status": "warm" if warm else "warming"}
        return 404, {"error": f"no such path: {path}"}

    def drain(self, authorization: str | None, *, retire: bool) -> Answer:
        """Refuses: a server of another make cannot be retired."""
        del authorization, retire
        return 404, {"error": "this sidecar warms a server and cannot retire it"}


def main(arguments: Sequence[str]) -> int:
    """Runs until it is told to stop; returns the exit code."""
    options = _parser().parse_args(arguments)
    configure(options.log_level, options.log_format)
    signal.signal(signal.SIGTERM, _stop)
    warmer = _warmer(options)
    try:
        port = serve_admin(Answers(warmer), options.host, options.port)
    except OSError as error:
        return _fail(f"port {options.port} cannot be bound: {error}", Exit.PORT)
    event("starting", adminPort=port)
    try:
        warmer.run()
    except RefusedError as error:
        return _fail(str(error), Exit.WARM)
    return Exit.OK


def _warmer(options: argparse.Namespace) -> Warmer:
    token = os.environ.get(env_name("api_key"), "").strip()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = None if options.body is None else options.body.encode()
    kind = {} if body is None else {"Content-Type": options.content_type}
    request = Request(url=options.url, body=body, headers=headers | kind, timeout=options.timeout)
    health = Request(url=options.health, headers=headers)
    port = options.url.port or 80
    return Warmer(request, health, count=options.count, listening=lambda: listening(port))


def _fail(reason: str, code: int) -> int:
    event(reason, level=40, exitCode=code)
    write_termination_message(reason)
    return code


def _stop(_number: int, _frame: FrameType | None) -> None:
    # As process 1 of a container it would not hear SIGTERM without a handler. Nothing is to be kept.
    os._exit(Exit.OK)


def _url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        usable = url.scheme == "http" and bool(url.hostname) and (url.port or 80) > 0
    except ValueError:
        usable = False
    if not usable:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL such as http://localhost:8000/v1/completions")
    return url


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="warmpool-serve warm",
        description="Sends a server of another make its first requests; its startup probe asks here.",
        allow_abbrev=False,
    )
    parser.add_argument("--url", type=_url, required=True, help="where to send the warm-up requests")
    parser.add_argument("--health", type=_url, required=True, help="what answers 200 once the server serves")
    parser.add_argument("--body", help="what to send, by POST; without it the request is a GET")
    parser.add_argument("--content-type", default="application/json", help="what the body is")
    parser.add_argument("--count", type=_count, default=3, help="good answers (200 to 299) that make it warm")
    parser.add_argument("--timeout", type=float, default=600, help="seconds that one answer may take")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104 - for the kubelet
    parser.add_argument("--port", type=int, default=8081, help="answers probes; 0 picks a free one")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", default="json", choices=["json", "text"])
    return parser
