"""When pods came, were ready, and went, as a watch on the API server told it."""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self


@dataclass
class Life:
    """One pod. Unix times in seconds; None: not yet."""

    name: str
    scheduled: float
    ready: float | None = None
    retired: float | None = None
    gone: float | None = None

    @property
    def startup(self) -> float | None:
        """Seconds from being scheduled to ready, None if it never was."""
        return None if self.ready is None else self.ready - self.scheduled

    def seconds(self, begin: float, end: float) -> float:
        """Seconds from scheduled to gone, within a time."""
        return max(0.0, min(self.gone or end, end) - max(self.scheduled, begin))

    def serving(self, at: float) -> bool:
        """Whether it was ready at a moment."""
        out = min(self.retired or float("inf"), self.gone or float("inf"))
        return self.ready is not None and self.ready <= at < out


class PodWatch:
    """Follows the pods of a namespace.

    Args:
        kubectl: command line of kubectl, with the kubeconfig.
        namespace: whose pods.
        clock: replaced in tests.
    """

    def __init__(self, kubectl: list[str], namespace: str, *, clock: Callable[[], float] = time.time) -> None:
        self._argv = [
            *kubectl,
            "get",
            "pods",
            "-n",
            namespace,
            "--watch",
            "--output-watch-events",
            "-o",
            "json",
        ]
        self._clock = clock
        self.lives: dict[str, Life] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True, bufsize=1 << 16)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._thread.join(10)

    def take(self, event: dict[str, Any]) -> None:
        """Note what one event of the watch tells."""
        pod, now = event["object"], self._clock()
        uid = pod["metadata"]["uid"]
        conditions = {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions", [])}
        if uid not in self.lives:
            if conditions.get("PodScheduled") != "True":
                return
            self.lives[uid] = Life(pod["metadata"]["name"], scheduled=now)
        life = self.lives[uid]
        ready = conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]
        if ready and life.ready is None:
            life.ready = now
        if life.ready is not None:
            life.retired = None if ready else life.retired or now
        if event["type"] == "DELETED":
            life.gone = now

    def _follow(self) -> None:
        for line in self._process.stdout or ():
            self.take(json.loads(line))
