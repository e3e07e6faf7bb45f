"""What goes wrong on a device: an error that stays, twice the load that it can bear, and the end under load."""

import asyncio
import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.serving import drain, overload
from bench.serving.client import ClosedLoop, bodies
from bench.serving.gpu import machine
from bench.serving.gpu.clients import Clients, Load, contents_of
from bench.serving.gpu.servers import ours_on_device
from bench.serving.process import Server
from bench.serving.systems import System
from warmpool_serving.names import Precision

_FLOOD_SECONDS = 15.0
_POISON = "poison"
_POISONED = """
import sys
from warmpool_serving.cli import main
from warmpool_serving.engines.base import Encoded
from warmpool_serving.engines.sentence_transformers import SentenceTransformersEngine as Engine

encode = Engine.encode


def poisoned(self, texts):
    return [Encoded([10**6]) if text == "poison" else each for text, each in zip(texts, encode(self, texts))]


Engine.encode = poisoned
sys.exit(main(sys.argv[1:]))
"""
"""A token that no vocabulary has makes CUDA's kernel fail; no client can send one."""


def lost_device(model: Path) -> dict[str, Any]:
    """Break the device under 64 clients; return how long the process lives on, and what clients get."""
    found = ours_on_device("lost", model, Precision.FP32, WARMPOOL_LOG_LEVEL="info")

    def command(port: int, admin: int) -> list[str]:
        return [sys.executable, "-c", _POISONED, f"--port={port}", f"--admin-port={admin}"]

    system = System(name="lost", command=command, env=found.env, ours=True)
    with Server(system, cores=machine.server_cores()) as server:
        server.until_answering()
        return asyncio.run(_break(server)) | {"log": server.log.read_text(errors="replace")[-1500:]}


async def _break(server: Server) -> dict[str, Any]:
    loop = ClosedLoop(server.url, bodies(server.system.payload, "medium", seed=3), clients=64)
    running = asyncio.ensure_future(loop.run())
    await asyncio.sleep(1.0)
    began = time.monotonic()
    status, _ = await asyncio.to_thread(server.ask, server.system.payload(_POISON))
    answered = time.monotonic() - began
    code = None
    with contextlib.suppress(subprocess.TimeoutExpired):
        code = await asyncio.to_thread(server.process.wait, 30)
    took = time.monotonic() - began
    loop.stop()
    await running
    outcomes = dict(loop.outcomes)
    return {"status": status, "answered_s": answered, "exit_code": code, "exit_s": took, "outcomes": outcomes}


def flood(model: Path, clients: Clients) -> dict[str, Any]:
    """Send twice what the device can, in requests of eight long texts."""
    target = str(round(1000 * overload.TARGET_SECONDS))
    system = ours_on_device(
        "flood", model, Precision.FP32, WARMPOOL_LATENCY_TARGET_MS=target, WARMPOOL_CONTAINER_CONCURRENCY="8"
    )
    load = Load("long", 16, texts=8, ramp=1.5, seconds=4)
    with Server(system, cores=machine.server_cores()) as server:
        server.until_answering()
        before = clients.measure(server.url, load, system.payload, seed=1)["texts_per_s"] / load.texts
        contents = contents_of(load, system.payload, seed=9)
        sent = overload.flood(server.url, contents, rate=2 * before, seconds=_FLOOD_SECONDS, seed=1)
        flooded = asyncio.run(sent)
        after = clients.measure(server.url, load, system.payload, seed=2)["texts_per_s"] / load.texts
        return flooded | {"capacity_before_rps": before, "capacity_after_rps": after}


def ends(model: Path, *, times: int) -> list[dict[str, Any]]:
    """End a server under 64 clients, several times."""
    env = {
        "WARMPOOL_DRAIN_PROPAGATION_SECONDS": str(drain.PROPAGATION_SECONDS),
        "WARMPOOL_DRAIN_TIMEOUT_SECONDS": str(drain.TIMEOUT_SECONDS),
    }
    found = []
    for number in range(times):
        with Server(
            ours_on_device("ends", model, Precision.FP32, **env), cores=machine.server_cores()
        ) as server:
            server.until_answering()
            found.append(asyncio.run(drain.end(server, number)))
    return found
