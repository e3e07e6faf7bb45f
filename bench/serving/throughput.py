"""Requests per second and latency: closed loops of 1, 8 and 64 clients on three lengths, and an open loop."""

import asyncio
from typing import Any

from bench.load.client import Settings, replay
from bench.load.record import summarize
from bench.load.schedule import constant
from bench.serving import cold
from bench.serving.client import LENGTHS, ClosedLoop, bodies
from bench.serving.process import Server
from bench.serving.systems import System

REPETITIONS = 3
CLIENTS = (1, 8, 64)
OPEN_RATE, OPEN_SECONDS = 60.0, 3.0
"""Requests per second of short texts: more than the naive server can, less than all others."""
_WINDOWS = {
    "short": {1: (0.2, 1.5), 8: (0.3, 1.5), 64: (0.7, 1.5)},
    "medium": {1: (0.2, 1.5), 8: (0.3, 2.0), 64: (1.3, 2.5)},
    "long": {1: (0.3, 3.0), 8: (0.6, 4.0), 64: (2.5, 6.0)},
}
"""Seconds before and of the measurement: at least 40 answers, and long after the first ones."""


def measure(system: System, repetition: int) -> dict[str, Any]:
    """Start a server, let it be asked in every cell, and stop it."""
    with Server(system) as server:
        record: dict[str, Any] = {
            "ready_s": server.until_answering(),
            "cosine": cold.check(server),
            "cells": {},
        }
        record["pss_mib"] = server.pss_mib()
        for length in LENGTHS:
            for clients in CLIENTS:
                cell = asyncio.run(closed(server, length, clients, repetition))
                record["cells"][f"{length}_c{clients}"] = cell
        record["cells"]["open"] = asyncio.run(_open(server, repetition))
        record["pss_loaded_mib"] = server.pss_mib()
        return record


async def closed(server: Server, length: str, clients: int, seed: int) -> dict[str, Any]:
    """Measure one cell of a server that is up."""
    ramp, seconds = _WINDOWS[length][clients]
    loop = ClosedLoop(server.url, bodies(server.system.payload, length, seed=seed), clients=clients)
    before = server.cpu_s()
    window = await loop.measure(ramp=ramp, seconds=seconds)
    return {
        "cpu_ms": 1000 * (server.cpu_s() - before) / max(1, loop.outcomes["200"]),
        "rps": window.rps,
        "p50_s": window.quantile(50),
        "p99_s": window.quantile(99),
        "outcomes": dict(window.outcomes),
    }


async def _open(server: Server, seed: int) -> dict[str, Any]:
    schedule = constant(OPEN_RATE, OPEN_SECONDS, tokens=LENGTHS["short"], seed=seed)
    contents = bodies(server.system.payload, "short", seed=seed)
    run = await replay(
        schedule,
        Settings(url=server.url, deadline=30.0),
        body=lambda number, _: contents[number % len(contents)],
    )
    summary = summarize(run.records)
    return {"p50_s": summary.latency_p50, "p99_s": summary.latency_p99, "outcomes": summary.statuses}
