"""When pods came, were ready, and went, as a watch on the API server told it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.following import Following


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


class PodWatch(Following):
    """Follows the pods of a namespace.

    Args:
        kubectl: command line of kubectl, with the kubeconfig.
        namespace: whose pods.
        clock: replaced in tests.
    """

    def __init__(self, kubectl: list[str], namespace: str, *, clock: Callable[[], float] = time.time) -> None:
        watch = ("get", "pods", "-n", namespace, "--watch", "--output-watch-events", "-o", "json")
        super().__init__([*kubectl, *watch])
        self._clock = clock
        self.lives: dict[str, Life] = {}

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

    def take_line(self, line: str) -> None:
        """Note one event, as JSON."""
        self.take(json.loads(line))
