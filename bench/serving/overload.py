"""Twice what it can for a minute: what is answered, how late, and what is refused. Probes under load beside it."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.load.client import Settings, replay
from bench.load.record import percentile
from bench.load.schedule import constant
from bench.serving.client import LENGTHS, ClosedLoop, bodies
from bench.serving.prober import Prober
from bench.serving.process import Server
from bench.serving.systems import System

REPETITIONS = 3
TARGET_SECONDS = 1.0
SECONDS = 60.0
WINDOWS = 8
_WINDOW_SECONDS = 14.0
_RAMP_SECONDS = 2.0
_LENGTH = "medium"
FEW, MANY = 32, 64
"""Clients of a measured capacity: all of them are accepted, on one core and on two."""


def measure(system: System, repetition: int) -> dict[str, Any]:
    """Send twice what a server can for a minute.

    The last core is the client's, the others are the server's: being refused costs more than refusing does, and
    clients are on other machines.
    """
    with _apart() as cores:
        return _minute(system, repetition, clients=FEW, cores=cores)


def measure_beside(system: System, repetition: int) -> dict[str, Any]:
    """Measure the same with the client on the server's cores."""
    return _minute(system, repetition, clients=MANY, cores="")


def windows(system: System, _: int) -> dict[str, Any]:
    """Return what is answered of twice the capacity, as shares of it: with cores apart, and beside the client.

    In short windows, each between two of full but bearable load, since the cores of a shared host are slower for
    minutes at a time by more than refusing costs.
    """
    with _apart() as cores:
        apart = _shares(system, clients=FEW, cores=cores)
    return {"apart": apart, "beside": _shares(system, clients=MANY, cores="")}


def _minute(system: System, repetition: int, *, clients: int, cores: str) -> dict[str, Any]:
    with _server(system, cores) as server:
        with Prober(f"http://127.0.0.1:{server.admin_port}/health/live", gap=0.05) as prober:
            capacity = asyncio.run(_capacity(server, repetition, clients))
        record = asyncio.run(_flood(server, repetition, rate=2 * capacity, seconds=SECONDS))
        return record | {"capacity_rps": capacity, "live_p99_s": percentile(prober.times, 99)}


def _shares(system: System, *, clients: int, cores: str) -> list[float]:
    with _server(system, cores) as server:
        before, shares = asyncio.run(_capacity(server, 0, clients)), []
        for number in range(WINDOWS):
            flood = asyncio.run(_flood(server, number, rate=2 * before, seconds=_WINDOW_SECONDS))
            after = asyncio.run(_capacity(server, number, clients))
            shares.append(2 * flood["goodput_rps"] / (before + after))
            before = after
    return shares


@contextmanager
def _server(system: System, cores: str) -> Iterator[Server]:
    # With its own defaults: a concurrency that is promised is given, however long the target says to wait.
    target = str(round(TARGET_SECONDS * 1000))
    env = {"WARMPOOL_LATENCY_TARGET_MS": target, "WARMPOOL_CONTAINER_CONCURRENCY": "8"}
    with Server(system, cores=cores, **env) as server:
        server.until_answering()
        yield server


@contextmanager
def _apart() -> Iterator[str]:
    """Take the last core for this process; yields the others, which are none on a machine with one."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-1:])
    try:
        yield ",".join(map(str, cores[:-1]))
    finally:
        os.sched_setaffinity(0, cores)


async def _capacity(server: Server, seed: int, clients: int) -> float:
    contents = bodies(server.system.payload, _LENGTH, seed=seed)
    window = await ClosedLoop(server.url, contents, clients=clients).measure(ramp=_RAMP_SECONDS, seconds=10)
    return window.rps


async def _flood(server: Server, seed: int, *, rate: float, seconds: float) -> dict[str, Any]:
    contents = bodies(server.system.payload, _LENGTH, seed=seed + 100)
    return await flood(server.url, contents, rate=rate, seconds=seconds, seed=seed)


async def flood(
    url: str, contents: Sequence[bytes], *, rate: float, seconds: float, seed: int
) -> dict[str, Any]:
    """Send bodies at a rate, in requests per second; return what became of them, and how late answers were."""
    run = await replay(
        constant(rate, seconds, tokens=LENGTHS[_LENGTH], seed=seed),
        Settings(url=url, deadline=30.0),
        body=lambda number, _: contents[number % len(contents)],
    )
    answered = [record for record in run.records if record.status == 200]
    refused = sum(record.status == 429 for record in run.records)
    return {
        "rate_rps": rate,
        "answered": len(answered),
        "refused": refused,
        "other": len(run.records) - len(answered) - refused,
        "goodput_rps": sum(_RAMP_SECONDS < record.finished <= seconds for record in answered)
        / (seconds - _RAMP_SECONDS),
        "p99_s": percentile([record.latency for record in answered], 99),
        "lag_p99_s": percentile([record.lag for record in run.records], 99),
    }
