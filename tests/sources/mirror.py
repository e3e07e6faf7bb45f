"""A web server with one model: plain files with ranges, and the layout of the Hugging Face hub at one commit.

`python mirror.py FOLDER` serves it on port 8080 and needs nothing but the standard library, so that it runs in a
pod as well. What tests ask of it beyond serving: to hold weights back once it has sent so many bytes, to want a
token, and to count what it sent and how often it was asked for a manifest.

    /plain/FILE                             the file
    /api/models/REPO/revision/COMMIT        sizes and checksums, as the hub tells them
    /REPO/resolve/COMMIT/FILE               small files at once, others by a redirect to /cdn/FILE, as the hub does
    GET /stats, POST /release               what was counted, whether it holds; hold no more
"""

import argparse
import hashlib
import json
import re
import threading
from contextlib import AbstractContextManager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REPO = "example/minilm"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LFS_BYTES = 1 << 20
_CHUNK = 64 << 10


class Mirror(ThreadingHTTPServer):
    """The server.

    Args:
        root: the model's folder.
        port: 0 picks a free one.
        token: what hub requests must show; empty: nothing.
        hold_after: bytes after which every answer with weights waits for a release; until then they are sent one
            after the other, so that those bytes are whole answers and not the beginnings of many.
    """

    daemon_threads = True

    def __init__(
        self, root: Path, *, port: int = 0, host: str = "", token: str = "", hold_after: int | None = None
    ) -> None:
        super().__init__((host, port), Handler)
        self.root, self.token = root, token
        self.hold_after = hold_after
        self.sent = 0
        self.held = threading.Event()
        self.released = threading.Event()
        self.authorizations: list[tuple[str, str | None]] = []
        self._lock, self._turn = threading.Lock(), threading.Lock()

    def count(self, size: int, *, waits: bool) -> None:
        """Notes bytes that are about to be sent, and waits where no more may be; small files do not wait."""
        with self._lock:
            full = waits and self.hold_after is not None and self.sent + size > self.hold_after
            if not full or self.released.is_set():
                self.sent += size
                return
        self.held.set()
        self.released.wait(120)

    def turn(self, *, waits: bool) -> AbstractContextManager[Any]:
        """What an answer is sent within."""
        alone = waits and self.hold_after is not None and not self.released.is_set()
        return self._turn if alone else nullcontext()

    def files(self) -> list[str]:
        return sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file())


class Handler(BaseHTTPRequestHandler):
    """Answers; connections are kept open, as real servers do."""

    server: Mirror
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        route, self.authorization = self.path, self.headers.get("Authorization")
        self.server.authorizations.append((route, self.authorization))
        hub = re.fullmatch(rf"/{REPO}/resolve/([0-9a-f]+)/(.+)", route)
        api = re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)/revision/([0-9a-f]+)(\?.*)?", route)
        if route == "/stats":
            manifests = sum(route.endswith("/manifest.json") for route, _ in self.server.authorizations)
            held = self.server.held.is_set()
            self.json({"bytes": self.server.sent, "held": held, "manifests": manifests})
        elif (hub or api) and self.server.token and self.authorization != f"Bearer {self.server.token}":
            self.json({"error": "Invalid username or password."}, 401, code="RepoNotFound")
        elif api:
            self.info(api[1], api[2])
        elif hub and (self.server.root / hub[2]).stat().st_size >= LFS_BYTES:
            self.answer(302, {"Location": f"/cdn/{hub[2]}"}, b"")
        elif hub or route.startswith(("/plain/", "/cdn/")):
            self.file(hub[2] if hub else route.split("/", 2)[2])
        else:
            self.json({"error": "not found"}, 404)

    def do_POST(self) -> None:
        self.server.released.set()
        self.json({})

    def info(self, repo: str, commit: str) -> None:
        if repo != REPO:
            self.json({"error": "Repository not found"}, 404, code="RepoNotFound")
        elif commit != COMMIT:
            self.json({"error": "Revision not found"}, 404, code="RevisionNotFound")
        else:
            siblings = [sibling(self.server.root, name) for name in self.server.files()]
            self.json({"id": REPO, "modelId": REPO, "sha": COMMIT, "siblings": siblings})

    def file(self, name: str) -> None:
        path = self.server.root / name
        if not path.is_file():
            self.json({"error": "Entry not found"}, 404, code="EntryNotFound")
            return
        size = path.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        end = min(int(asked[2]) if asked and asked[2] else size - 1, size - 1)
        if asked and start >= size:
            self.answer(416, {"Content-Range": f"bytes */{size}"}, b"")
            return
        headers = {"Content-Range": f"bytes {start}-{end}/{size}"} if asked else {}
        self.head(206 if asked else 200, headers, end - start + 1)
        weights = size >= LFS_BYTES
        with self.server.turn(waits=weights), path.open("rb") as stream:
            stream.seek(start)
            left = end - start + 1
            while left:
                chunk = stream.read(min(_CHUNK, left))
                self.server.count(len(chunk), waits=weights)
                self.wfile.write(chunk)
                left -= len(chunk)

    def json(self, body: dict[str, Any], status: int = 200, *, code: str = "") -> None:
        headers = {"Content-Type": "application/json"} | ({"X-Error-Code": code} if code else {})
        self.answer(status, headers, json.dumps(body).encode())

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.head(status, headers, len(body))
        self.wfile.write(body)

    def head(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(length)}).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Tests look at what was sent, not at lines."""


def sibling(root: Path, name: str) -> dict[str, Any]:
    """What the hub says of one file: git's checksum, or that of large file storage."""
    content = (root / name).read_bytes()
    entry: dict[str, Any] = {"rfilename": name, "size": len(content)}
    entry["blobId"] = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    if len(content) >= LFS_BYTES:
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
    return entry


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--token", default="")
    parser.add_argument("--hold-after", type=int)
    options = parser.parse_args()
    Mirror(options.root, port=8080, token=options.token, hold_after=options.hold_after).serve_forever()
