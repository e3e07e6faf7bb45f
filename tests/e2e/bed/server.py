"""A server whose health a test decides: it starts, gets ready, burns processor time and eats memory on request."""

import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

LONGEST_BURN_SECONDS = 180.0


class State:
    """What the probes answer; with AUTO=1 everything is well from the start."""

    started = os.environ.get("AUTO") == "1"
    ready = os.environ.get("AUTO") == "1"
    eaten: ClassVar[list[bytes]] = []


def burn(seconds: float) -> None:
    end = time.monotonic() + min(seconds, LONGEST_BURN_SECONDS)
    while time.monotonic() < end:
        pass


def eat(mebibytes: int) -> None:
    for _ in range(mebibytes):
        State.eaten.append(os.urandom(1 << 20))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        amount = float(parse_qs(url.query).get("n", ["0"])[0])
        if url.path == "/startup":
            self.answer(200 if State.started else 503)
        elif url.path == "/ready":
            self.answer(200 if State.ready else 503)
        elif url.path == "/set-started":
            State.started = True
            self.answer(200)
        elif url.path == "/set-ready":
            State.ready = True
            self.answer(200)
        elif url.path == "/burn":
            threading.Thread(target=burn, args=(amount,), daemon=True).start()
            self.answer(200)
        elif url.path == "/eat":
            eat(int(amount))
            self.answer(200)
        else:
            self.answer(404)

    def answer(self, status: int) -> None:
        body = os.environ.get("HOSTNAME", "").encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Probes come every second; their log lines would hide everything else."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()
