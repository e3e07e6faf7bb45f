"""A watch of pods by kubectl, with the time at which each line arrived here: an observer beside the operator."""

import json
import subprocess
import threading
import time
from typing import Any, Self

from hack.cluster.kubectl import Kubectl


class PodWatch:
    """First sight and first Ready of every pod of a namespace, in seconds of a monotonic clock.

    Args:
        kubectl: on the cluster.
        namespace: where.
    """

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._argv = kubectl.argv(
            "get", "pods", "-n", namespace, "--watch", "--output-watch-events", "-o", "json"
        )
        self.seen: dict[str, float] = {}
        self.ready: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._thread.join(10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._note(json.loads(line)["object"], time.monotonic())

    def _note(self, pod: dict[str, Any], now: float) -> None:
        name = pod["metadata"]["name"]
        self.seen.setdefault(name, now)
        conditions = (pod.get("status") or {}).get("conditions") or []
        if any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
            self.ready.setdefault(name, now)
