"""A model server of another make whose first request takes long, as one that compiles then.

`python -c CODE PORT SECONDS`. It is healthy at once. `POST /generate` answers with the number of the
request and its body, `GET /crash` ends it, and `GET /metrics` shows how many requests run.
"""

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


class Handler(BaseHTTPRequestHandler):
    """Answers GET and POST."""

    lock: ClassVar[threading.Lock] = threading.Lock()
    cold: ClassVar[threading.Lock] = threading.Lock()
    begun: ClassVar[int] = 0
    busy: ClassVar[int] = 0

    def do_GET(self) -> None:
        """Be healthy, show the load, or end."""
        if self.path == "/crash":
            os._exit(1)
        self._answer(f"busy {Handler.busy}\n" if self.path == "/metrics" else "healthy")

    def do_POST(self) -> None:
        """Take long once, and have all others wait for it."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path != "/generate":
            self._answer("no such path", status=404)
            return
        with self.lock:
            Handler.begun += 1
            Handler.busy += 1
            number = Handler.begun
        with self.cold:
            if number == 1:
                time.sleep(float(sys.argv[2]))
        with self.lock:
            Handler.busy -= 1
        self._answer(f"{number} {body}")

    def _answer(self, text: str, *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
