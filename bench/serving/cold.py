"""From the start of a process to its first right answer, what its probes say meanwhile, and its memory."""

import struct
import time
from typing import Any

from bench.load.record import percentile
from bench.serving import environments
from bench.serving.client import bodies
from bench.serving.process import Server
from bench.serving.systems import System
from warmpool_serving.models.bundle import REFERENCE, read_golden
from warmpool_serving.vectors import cosine

REPETITIONS = 3
_STEADY = 150
_GAP_SECONDS = 0.01
_RIGHT = 0.98
_WATCH_SECONDS = 120.0


def measure(system: System, _: int) -> dict[str, Any]:
    """Start a server once and describe the start; ours are watched by their probes on the way.

    Raises:
        RuntimeError: it does not start, or does not answer right.
    """
    with Server(system) as server:
        probes = _watch(server) if system.ours else {}
        requests = bodies(system.payload, "medium", seed=9)
        first = _took(server, requests[0]) if probes else 0.0
        ready = server.until_answering() if not probes else probes["ready_s"] + first
        check(server)
        record = probes | {"ready_s": ready, "pss_mib": server.pss_mib()}
        if probes:
            record["phases"] = server.probe("/internal/load")[1]["phases"]
            steady = [_took(server, content) for content in requests[1 : _STEADY + 1]]
            record["first_over_steady_p99"] = first / (percentile(steady, 99) or first)
        return record


def check(server: Server) -> float:
    """Ask for texts whose vectors are known; return the least cosine.

    Raises:
        RuntimeError: it serves another model.
    """
    worst = 1.0
    for golden in read_golden(environments.bundle("fp32"), REFERENCE)[1:9]:
        status, answer = server.ask(server.system.payload(golden.text))
        vector = server.system.vector(answer) if status == 200 else []
        worst = min(worst, cosine(struct.pack(f"<{len(vector)}f", *vector), golden.vector))
    if worst < _RIGHT:
        raise RuntimeError(f"{server.system.name} gives cosine {worst:.4f} to the reference")
    return worst


def _watch(server: Server) -> dict[str, Any]:
    times: list[float] = []
    live = None
    while time.monotonic() < server.began + _WATCH_SECONDS:
        began = time.monotonic()
        status, _ = server.probe("/health/live")
        now = time.monotonic()
        if status == 200:
            live = live or now - server.began
            times.append(now - began)
        if live and server.probe("/health/ready")[0] == 200:
            ready = time.monotonic() - server.began
            return {
                "ready_s": ready,
                "live_s": live,
                "live_p99_s": percentile(times, 99),
                "probes": len(times),
            }
        time.sleep(_GAP_SECONDS)
    raise RuntimeError(f"{server.system.name} is not ready; see {server.log}")


def _took(server: Server, content: bytes) -> float:
    began = time.monotonic()
    status, _ = server.ask(content)
    if status != 200:
        raise RuntimeError(f"{server.system.name} answers {status}; see {server.log}")
    return time.monotonic() - began
