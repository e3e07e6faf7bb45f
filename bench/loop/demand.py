"""From one more request to the HPA and `/scale` that follow it.

A pool with one request per pod gets requests that take half a minute, one more at a time, so every request is a
step in demand that needs one more pod. Measured is the time from sending it to the moment at which a watch shows
the new bounds and the new replicas. Then the requests are taken back, the pool shrinks, and the next round begins.
"""

import statistics
import time

from bench.load.record import percentile
from bench.loop.bed import long_requests, spec, url
from bench.loop.clients import send
from bench.pools import Object, Pools
from bench.watcher import Watcher
from hack.cluster.waiting import wait_for

NAME = "demand"
ROUNDS, STEPS = 5, 10
GAP_SECONDS = 1.3
GIVE_UP_SECONDS = 20.0
REQUEST_SECONDS = 30.0


def measure(bed: Pools) -> dict[str, float]:
    """Make ROUNDS times STEPS steps; return figures."""
    bed.apply(NAME, pool())
    bed.settle(NAME, 1)
    address = url(bed, NAME)
    bounds: list[float] = []
    replicas: list[float] = []
    hpa_watch = bed.watch("hpa", NAME, "{.spec.minReplicas}")
    with hpa_watch as hpa, bed.watch("deployment", NAME, "{.spec.replicas}") as deployment:
        for number in range(ROUNDS):
            more_bounds, more_replicas = _round(address, hpa, deployment)
            bounds += more_bounds
            replicas += more_replicas
            median = statistics.median(more_replicas)
            print(f"round {number + 1}: median {median:.2f} s, max {max(more_replicas):.2f} s", flush=True)
            wait_for("the pool to shrink", lambda: bed.status(NAME)["replicas"] == 1, timeout=180)
    return {
        "demand_steps": len(replicas),
        **_figures("demand_to_hpa_s", bounds),
        **_figures("demand_to_write_s", replicas),
    }


def pool() -> Object:
    """Return a pool with room for every step."""
    return spec(env=long_requests(REQUEST_SECONDS), scaling={"maxReplicas": STEPS + 2})


def _round(address: str, hpa: Watcher, deployment: Watcher) -> tuple[list[float], list[float]]:
    """Make STEPS steps; return the seconds to the HPA's and to the Deployment's change of each.

    Raises:
        SystemExit: a step was not answered by a write within GIVE_UP_SECONDS.
    """
    bounds: list[float] = []
    replicas: list[float] = []
    # The pool keeps one warm pod whatever the demand, so the first request changes nothing.
    requests = [send(address)]
    time.sleep(GAP_SECONDS)
    for step in range(2, STEPS + 2):
        sent = time.monotonic()
        requests.append(send(address))
        for watcher, times in ((hpa, bounds), (deployment, replicas)):
            took = watcher.reached(step, since=sent, seconds=GIVE_UP_SECONDS)
            if took is None:
                raise SystemExit(f"step to {step} pods was not written within {GIVE_UP_SECONDS:.0f} s")
            times.append(took)
        time.sleep(GAP_SECONDS)
    for request in requests:
        request.close()
    return bounds, replicas


def _figures(name: str, times: list[float]) -> dict[str, float]:
    return {
        f"{name}_p50": percentile(times, 50) or 0.0,
        f"{name}_p99": percentile(times, 99) or 0.0,
        f"{name}_max": max(times),
    }
