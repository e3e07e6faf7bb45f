"""A registry for images: the read side of the OCI distribution protocol over an unpacked OCI layout, not too fast.

What Kubernetes pulls from where there is a network; a node on this host finds it at its own loopback address, for
which containerd speaks plain HTTP.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_PART = 1 << 18


class _Server(ThreadingHTTPServer):
    """Knows the layout, and how fast it may send."""

    def __init__(self, layout: Path, bytes_per_second: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        index = json.loads((layout / "index.json").read_text(encoding="utf-8"))
        self.tagged = index["manifests"][0]["digest"]
        self.blobs, self.bytes_per_second = layout / "blobs" / "sha256", bytes_per_second


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        kind, _, wanted = self.path.rpartition("/")
        digest = wanted if wanted.startswith("sha256:") else self.server.tagged
        file = self.server.blobs / digest.removeprefix("sha256:")
        if not file.is_file():
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header(
            "Content-Type", MANIFEST if kind.endswith("/manifests") else "application/octet-stream"
        )
        self.send_header("Content-Length", str(file.stat().st_size))
        self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if body:
            self._send(file)

    def _send(self, file: Path) -> None:
        with file.open("rb") as stream:
            while part := stream.read(_PART):
                self.wfile.write(part)
                time.sleep(len(part) / self.server.bytes_per_second)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def registry(layout: Path, *, bytes_per_second: int) -> Iterator[str]:
    """Serve the only image of a layout under any name; yields host and port."""
    server = _Server(layout, bytes_per_second)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
