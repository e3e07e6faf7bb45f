"""A real server process: started with free ports, asked, ended."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from warmpool_serving.models import minilm

TOKEN = "a-token-of-the-pool"
ROOT = Path(__file__).resolve().parents[2]


class ServerProcess:
    """``python -m warmpool_serving``, or a program around it, with its log, its two ports and its end."""

    def __init__(self, python: Path = Path(sys.executable), program: str = "", **settings: object) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("WARMPOOL_")}
        # Starting without bytecode takes three times as long, and the environment of the tests may forbid it.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env |= {
            "PYTHONPYCACHEPREFIX": str(minilm.cache_root() / "pycache"),
            "PYTHONPATH": str(ROOT / "serving"),
            "WARMPOOL_HOST": "127.0.0.1",
            "WARMPOOL_PORT": "0",
            "WARMPOOL_ADMIN_PORT": "0",
            "WARMPOOL_ADMIN_TOKEN": TOKEN,
            "WARMPOOL_DRAIN_PROPAGATION_SECONDS": "0",
        }
        env |= {f"WARMPOOL_{name.upper()}": str(value) for name, value in settings.items()}
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [str(python), *(["-c", program] if program else ["-m", "warmpool_serving"])],
            env=env,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        # Without certificates to read, a client is made in 1 ms instead of 50.
        self.http = httpx.Client(verify=False, trust_env=False, timeout=20)
        self.log: list[dict[str, Any]] = []
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                record = json.loads(line)
            except ValueError:
                record = {"message": line.rstrip()}
            self.log.append(record)
            self._lines.put(record)

    def ports(self) -> tuple[int, int]:
        """Client port and admin port, once the admin port listens."""
        record = next((item for item in self.log if item["message"] == "starting"), None)
        while record is None:
            found = self._lines.get(timeout=20)
            record = found if found["message"] == "starting" else None
        return record["port"], record["adminPort"]

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.ports()[0]}{path}"

    def admin(self, path: str, method: str = "GET", token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, f"http://127.0.0.1:{self.ports()[1]}{path}", headers=headers)

    def load(self) -> dict[str, Any]:
        body: dict[str, Any] = self.admin("/internal/load").json()
        return body

    def get(self, path: str) -> httpx.Response:
        return self.http.get(self.url(path))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.http.post(self.url(path), **options)

    def embed(self, text: object = "hello", **more: object) -> httpx.Response:
        return self.post("/v1/embeddings", json={"input": text, **more})

    def metric(self, name: str) -> float:
        for line in self.admin("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        raise KeyError(name)

    def wait_state(self, state: str, seconds: float = 20) -> None:
        wait_until(lambda: self.load()["state"] == state, seconds)

    def until_ready(self, seconds: float = 30) -> "ServerProcess":
        wait_until(lambda: self.admin("/health/ready").status_code == 200, seconds)
        return self

    def signal(self, sig: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(sig)

    def end(self, seconds: float = 20) -> int:
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code

    def message(self, text: str) -> dict[str, Any]:
        return next(record for record in self.log if record["message"] == text)

    def close(self) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)
        self._reader.join(5)
        assert self.process.stderr is not None
        self.process.stderr.close()


def wait_until(reached: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
