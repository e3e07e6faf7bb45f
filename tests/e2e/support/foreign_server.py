"""A model server of another make: a health path, a page of metrics, and numbers that a test sets.

`GET /set?running=3&queued=1` sets the gauges, `GET /set?silent=1` makes the page of metrics fail.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

PORT = 8080


class Handler(BaseHTTPRequestHandler):
    """Answers GET."""

    numbers: ClassVar[dict[str, int]] = {"running": 0, "queued": 0, "silent": 0}

    def do_GET(self) -> None:
        """Set numbers, or show them."""
        url = urlsplit(self.path)
        if url.path == "/set":
            self.numbers.update((name, int(value)) for name, value in parse_qsl(url.query))
        page = f'busy{{model="a"}} {self.numbers["running"]}\nwaiting {self.numbers["queued"]}\n'
        failing = url.path == "/metrics" and self.numbers["silent"]
        self.send_response(500 if failing else 200)
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", PORT), Handler).serve_forever()
