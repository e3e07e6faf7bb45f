"""Twice what it can for a minute: what is answered, how late, and what is refused. Probes under load beside it."""

import asyncio
import os
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
_LENGTH = "medium"


def measure(system: System, repetition: int) -> dict[str, Any]:
    """Measure what a server can, before and after twice as much is sent.

    The last core is the client's, the others are the server's: being refused costs more than refusing does, and
    clients are on other machines.
    """
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-1:])
    try:
        # All of them are accepted on one core too: refusals would lower what is taken for the capacity.
        return _measure(system, repetition, clients=32, cores=",".join(map(str, cores[:-1])))
    finally:
        os.sched_setaffinity(0, cores)


def measure_beside(system: System, repetition: int) -> dict[str, Any]:
    """Measure the same with the client on the server's cores."""
    return _measure(system, repetition, clients=64, cores="")


def _measure(system: System, repetition: int, *, clients: int, cores: str) -> dict[str, Any]:
    # With its own defaults: a concurrency that is promised is given, however long the target says to wait.
    target = str(round(TARGET_SECONDS * 1000))
    env = {"WARMPOOL_LATENCY_TARGET_MS": target, "WARMPOOL_CONTAINER_CONCURRENCY": "8"}
    with Server(system, cores=cores, **env) as server:
        server.until_answering()
        with Prober(f"http://127.0.0.1:{server.admin_port}/health/live", gap=0.05) as prober:
            before = asyncio.run(_capacity(server, repetition, clients))
        record = asyncio.run(_flood(server, repetition, 2 * before))
        # A machine's speed drifts within a minute by more than refusing costs.
        capacity = (before + asyncio.run(_capacity(server, repetition, clients))) / 2
        return record | {"capacity_rps": capacity, "live_p99_s": percentile(prober.times, 99)}


async def _capacity(server: Server, seed: int, clients: int) -> float:
    contents = bodies(server.system.payload, _LENGTH, seed=seed)
    window = await ClosedLoop(server.url, contents, clients=clients).measure(ramp=2, seconds=10)
    return window.rps


async def _flood(server: Server, seed: int, rate: float) -> dict[str, Any]:
    contents = bodies(server.system.payload, _LENGTH, seed=seed + 100)
    run = await replay(
        constant(rate, SECONDS, tokens=LENGTHS[_LENGTH], seed=seed),
        Settings(url=server.url, deadline=30.0),
        body=lambda number, _: contents[number % len(contents)],
    )
    answered = [record for record in run.records if record.status == 200]
    refused = sum(record.status == 429 for record in run.records)
    return {
        "rate_rps": rate,
        "answered": len(answered),
        "refused": refused,
        "other": len(run.records) - len(answered) - refused,
        "goodput_rps": sum(record.finished <= SECONDS for record in answered) / SECONDS,
        "p99_s": percentile([record.latency for record in answered], 99),
        "lag_p99_s": percentile([record.lag for record in run.records], 99),
    }
