"""What metrics-server told of the pods while a run went on: an HPA on CPU sees no more, and no sooner."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from kubernetes.utils.quantity import parse_quantity

from hack.cluster import ClusterError

Reading = tuple[float, int, float]
"""Second of the run, pods that were read, and their mean CPU in thousandths of a core."""
_cores: Callable[[str], Decimal] = parse_quantity
_PERIOD_SECONDS = 10.0
"""A reading is there to be seen for the 15 s until the next one."""


class UsageWatch:
    """Asks now and then, on a thread, what metrics-server read last.

    Args:
        ask: returns the metrics API's list of a namespace's pods, as JSON.
    """

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask
        self._read: dict[float, dict[str, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def readings(self, begin: float, end: float) -> list[Reading]:
        """Return what was read between two Unix times, oldest first."""
        return [
            (round(at - begin, 1), len(pods), round(sum(pods.values()) / len(pods), 1))
            for at, pods in sorted(self._read.items())
            if begin <= at < end
        ]

    def take(self, listed: dict[str, Any]) -> None:
        """Note one list of pods."""
        for item in listed["items"]:
            # In whole seconds: on average it was half of one later.
            at = datetime.fromisoformat(item["timestamp"]).timestamp() + 0.5
            cores = sum(_cores(each["usage"]["cpu"]) for each in item["containers"])
            self._read.setdefault(at, {})[item["metadata"]["name"]] = float(1000 * cores)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._over.wait(_PERIOD_SECONDS):
            try:
                self.take(json.loads(self._ask()))
            except (ClusterError, ValueError, KeyError) as error:
                print(f"metrics-server was not read: {error}")
