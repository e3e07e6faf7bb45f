"""A floor of one pod more than so many, without load: is it reached exactly, and held?

An HPA by a metric takes a ratio within 10 % of its target for met, and so stops at 88 of 89 pods. Bounds know no
tolerance. The pods are a few lines of Python each, known by a gauge, so that many of them fit on a small node.
"""

import time

from bench.pools import Object, Pools
from bench.watcher import Watcher
from hack.cluster.waiting import wait_for

NAME = "floor"
WANTED = 89
SPARE = 5
"""Pods of the node that are left for others."""
WITHIN_TOLERANCE = 11
"""Fewest pods of which one is less than 10 %."""
PACE = 8
HOLD_SECONDS = 35.0
"""Two looks of the HPA controller, and some more."""
SERVER = """
import os, signal, socket
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
listener = socket.create_server(("", 8080), backlog=64)
page = b"HTTP/1.1 200 OK\\r\\nContent-Length: 7\\r\\nConnection: close\\r\\n\\r\\nbusy 0\\n"
while True:
    connection, _ = listener.accept()
    connection.settimeout(1)
    try:
        connection.recv(4096)
        connection.sendall(page)
    except OSError:
        pass
    connection.close()
"""


def measure(bed: Pools) -> dict[str, float]:
    """Go to one pod fewer than what fits, then to what fits; return figures."""
    count = min(WANTED, _room(bed))
    if count < WITHIN_TOLERANCE:
        raise SystemExit(f"{count} pods fit on the node, and one of them is more than the HPA's tolerance")
    print(f"floor: {count - 1}, then {count} of {WANTED} pods", flush=True)
    bed.apply(NAME, pool(count - 1))
    wait_for("the first pod", lambda: bed.pods(NAME), timeout=60)
    with bed.watch_pods(NAME) as pods, bed.watch_ready(NAME) as ready:
        wait_for(f"{count - 1} warm pods", lambda: ready.latest == count - 1, timeout=480)
        off = _hold(pods, count - 1)
        bed.apply(NAME, pool(count))
        began = time.monotonic()
        wait_for(f"{count} warm pods", lambda: ready.latest == count, timeout=120, period=0.05)
        took = time.monotonic() - began
        off = max(off, _hold(pods, count))
    return {
        "floor_exact_asked": count,
        "floor_exact_reached": len(bed.pods(NAME)),
        "floor_exact_step_s": took,
        "floor_exact_off": off,
    }


def pool(floor: int) -> Object:
    """Return a pool of pods that only say that they are idle."""
    return {
        "model": {"name": "any", "source": {"baked": {}}},
        "server": {
            "image": "warmpool/serving:dev",
            "command": ["python", "-S", "-c", SERVER],
            "protocol": "custom",
            "metrics": {"running": "busy"},
            "resources": {"requests": {"cpu": "1m", "memory": "12Mi"}},
        },
        "scaling": {
            "minReplicas": floor,
            "maxReplicas": WANTED + 1,
            "keepAliveSeconds": 0,
            "scaleOut": {"maxWarming": PACE},
        },
    }


def _room(bed: Pools) -> int:
    """Return how many pods the node still takes."""
    (node,) = bed.kubectl.get("nodes")["items"]
    pods = bed.kubectl.get("pods", "-A")["items"]
    there = sum(pod["status"].get("phase") not in {"Failed", "Succeeded"} for pod in pods)
    return int(node["status"]["allocatable"]["pods"]) - there - SPARE


def _hold(pods: Watcher, count: int) -> int:
    """Look for a while; return how far the pods were from what was asked, at the most."""
    began = time.monotonic()
    time.sleep(HOLD_SECONDS)
    return max((abs(value - count) for at, value in pods.seen if at >= began), default=0)
