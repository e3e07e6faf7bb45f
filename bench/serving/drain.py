"""SIGTERM under 64 clients, half of which open a connection per request: who is lost, and how long it takes."""

import asyncio
import signal
import time
from typing import Any

from bench.serving.client import ClosedLoop, bodies
from bench.serving.process import Server
from bench.serving.systems import System

REPETITIONS = 10
SIGTERMS = 10
"""Of one repetition."""
PROPAGATION_SECONDS, TIMEOUT_SECONDS = 0.3, 5.0
BUDGET_SECONDS = PROPAGATION_SECONDS + TIMEOUT_SECONDS + 2
_CLIENTS = 64
_BUSY_SECONDS = 0.3


def measure(system: System, repetition: int) -> dict[str, Any]:
    """Start a server, keep it busy, end it, and see what became of every request; ten times."""
    env = {
        "WARMPOOL_DRAIN_PROPAGATION_SECONDS": str(PROPAGATION_SECONDS),
        "WARMPOOL_DRAIN_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
    }
    ends = []
    for number in range(SIGTERMS):
        with Server(system, **env) as server:
            server.until_answering()
            ends.append(asyncio.run(end(server, repetition * SIGTERMS + number)))
    return {"ends": ends}


async def end(server: Server, seed: int) -> dict[str, Any]:
    """Keep a server busy, end it, and tell how it ended and what became of every request."""
    contents = bodies(server.system.payload, "medium", seed=seed)
    loop = ClosedLoop(server.url, contents, clients=_CLIENTS, mixed=True)
    running = asyncio.ensure_future(loop.run())
    await asyncio.sleep(_BUSY_SECONDS)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(server.process.wait, 60)
    took = time.monotonic() - began
    loop.stop()
    await running
    return {"exit_code": code, "exit_s": took, "outcomes": dict(loop.outcomes)}
