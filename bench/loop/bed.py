"""Pools of pretended models for the loop, and the way to them."""

import socket
from collections.abc import Mapping
from typing import Any

from bench.pools import Object, Pools
from hack.cluster.waiting import wait_for

NAMESPACE = "bench-loop"
PATH = "/v1/embeddings"
LONG_WORDS = 500
"""Of a request that takes long: close to the most that the fake engine takes."""


def spec(
    *, env: Mapping[str, object], scaling: Mapping[str, Any], server: Mapping[str, Any] | None = None
) -> Object:
    """Return a pool of pretended models.

    Args:
        env: `WARMPOOL_FAKE_*` variables without that beginning. A long request is made by the time of its tokens
            (`MS_PER_TOKEN`), so that the short texts of the warm-up do not take as long.
        scaling: the block; keepAlive is none unless it says otherwise.
        server: changes of the block.
    """
    return {
        "model": {"name": "fake", "source": {"baked": {}}},
        "server": {
            "image": "warmpool/serving:dev",
            "engine": "fake",
            "containerConcurrency": 1,
            "latencyTargetMs": 600_000,
            "env": [{"name": f"WARMPOOL_FAKE_{name}", "value": str(value)} for name, value in env.items()],
            "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
            **(server or {}),
        },
        "scaling": {"minReplicas": 1, "keepAliveSeconds": 0, **scaling},
    }


def long_requests(seconds: float) -> dict[str, object]:
    """Return the variables that make a request of LONG_WORDS take so many seconds."""
    return {"LOAD_SECONDS": 0.5, "MS_PER_TOKEN": 1000 * seconds / LONG_WORDS}


def url(bed: Pools, name: str) -> str:
    """Return the URL of a pool's Service, once it takes connections."""
    address = bed.kubectl.get("service", name, "-n", bed.namespace)["spec"]["clusterIP"]
    # kube-proxy learns of an endpoint up to a second after the pod is Ready.
    wait_for("the Service to take connections", lambda: _listens(address), timeout=30)
    return f"http://{address}{PATH}"


def _listens(address: str) -> bool:
    try:
        socket.create_connection((address, 80), timeout=5).close()
    except OSError:
        return False
    return True
