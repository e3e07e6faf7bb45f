"""Clients in processes of their own, on cores of their own: one process cannot ask as fast as a device answers."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from bench.load.payload import text
from bench.load.record import percentile
from bench.serving.client import LENGTHS, ClosedLoop, bodies
from bench.serving.gpu import machine

_ONE_PROCESS = 8
"""Clients that one process is enough for."""


@dataclass(frozen=True)
class Load:
    """Closed-loop clients: how many, for how long before and while it is measured, and what they send.

    `texts` are in one request, of a `length`.
    """

    length: str
    clients: int
    texts: int = 1
    ramp: float = 0.5
    seconds: float = 1.5

    @property
    def cell(self) -> str:
        """Its name in figures."""
        many = f"x{self.texts}" if self.texts > 1 else ""
        return f"{self.length}{many}_c{self.clients}"


class Clients:
    """A pool of client processes; a context manager."""

    def __init__(self) -> None:
        cores = machine.client_cores()
        self._processes = len(cores)
        self._pool = ProcessPoolExecutor(
            len(cores), mp_context=get_context("spawn"), initializer=_only_on, initargs=(cores,)
        )

    def __enter__(self) -> "Clients":
        list(self._pool.map(_nothing, range(self._processes)))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def measure(self, url: str, load: Load, payload: Callable[[str], bytes], *, seed: int) -> dict[str, Any]:
        """Return texts per second, latency in seconds of what was answered, and what became of all requests."""
        processes = 1 if load.clients <= _ONE_PROCESS else self._processes
        contents = contents_of(load, payload, seed=seed)
        share = load.clients // processes
        jobs = [
            self._pool.submit(_ask, url, contents, share, load.ramp, load.seconds) for _ in range(processes)
        ]
        found = [job.result() for job in jobs]
        latencies = [value for each in found for value in each["latencies"]]
        outcomes: Counter[str] = Counter()
        for each in found:
            outcomes.update(each["outcomes"])
        return {
            "texts_per_s": load.texts * sum(len(each["latencies"]) / each["seconds"] for each in found),
            "p50_s": percentile(latencies, 50),
            "p99_s": percentile(latencies, 99),
            "outcomes": dict(outcomes),
        }


def contents_of(load: Load, payload: Callable[[str], bytes], *, seed: int) -> Sequence[bytes]:
    """Return bodies of requests as a load describes them."""
    if load.texts == 1:
        return bodies(payload, load.length, seed=seed)
    words = LENGTHS[load.length]
    return [
        json.dumps({"model": "m", "input": [text(words, seed=seed * 7919 + 1000 * number + index)
                                            for index in range(load.texts)]}).encode()
        for number in range(40)
    ]  # fmt: skip


def _ask(url: str, contents: Sequence[bytes], clients: int, ramp: float, seconds: float) -> dict[str, Any]:
    window = asyncio.run(ClosedLoop(url, contents, clients=clients).measure(ramp=ramp, seconds=seconds))
    return {
        "latencies": window.latencies,
        "seconds": window.seconds,
        "outcomes": dict(window.outcomes),
    }


def _only_on(cores: Sequence[int]) -> None:
    os.sched_setaffinity(0, cores)


def _nothing(_: int) -> None:
    # Takes as long as a process needs to import what it will need.
    pass
