"""Shrinks while other pods compute requests of half a minute: is one of those ever lost?

Several pools side by side, since a shrink waits for the HPA's next look, up to 15 s. Each keeps two long requests
in flight, sent to whichever pods the Service chooses, and lowers its floor by one pod at a time.
"""

import threading
import time

from bench.load.record import percentile
from bench.loop.bed import LONG_WORDS, long_requests, spec, url
from bench.loop.clients import Clients
from bench.pools import Pools
from bench.watcher import Watcher
from hack.cluster.waiting import wait_for

POOLS, SHRINKS = 4, 50
HIGH, LOW = 7, 3
"""Floors between which a pool goes: the lower one is more than what two requests need."""
IN_FLIGHT = 2
REQUEST_SECONDS = 30.0


def measure(bed: Pools) -> dict[str, float]:
    """Make SHRINKS shrinks or a few more; return figures."""
    names = [f"shrink-{number}" for number in range(POOLS)]
    for name in names:
        bed.apply(name, pool(HIGH))
    for name in names:
        bed.settle(name, HIGH, seconds=240)
    times: list[float] = []
    everyone: list[Clients] = []
    threads = [threading.Thread(target=_shrink, args=(bed, name, times, everyone)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(times) < SHRINKS:
        raise SystemExit(f"{len(times)} of {SHRINKS} shrinks ended; what stopped the others is above")
    return {
        "shrinks": len(times),
        "shrink_requests": sum(len(clients.statuses) for clients in everyone),
        "shrink_lost_requests": sum(clients.lost for clients in everyone),
        "shrink_refused_requests": sum(clients.refused for clients in everyone),
        "shrink_s_p50": percentile(times, 50) or 0.0,
        "shrink_s_max": max(times),
    }


def pool(floor: int) -> dict[str, object]:
    """Return a pool with a floor; its ceiling leaves demand to itself."""
    return spec(
        env=long_requests(REQUEST_SECONDS), scaling={"minReplicas": floor, "maxReplicas": HIGH + IN_FLIGHT}
    )


def _shrink(bed: Pools, name: str, times: list[float], everyone: list[Clients]) -> None:
    """Lower the floor of one pool, one pod at a time, and raise it again at the lowest."""
    with (
        bed.watch_pods(name) as pods,
        bed.watch_ready(name) as ready,
        Clients(url(bed, name), count=IN_FLIGHT, words=LONG_WORDS) as clients,
    ):
        everyone.append(clients)
        floor = HIGH
        for _ in range(-(-SHRINKS // POOLS)):
            if floor == LOW:
                floor = HIGH
                bed.apply(name, pool(floor))
                _reach(ready, HIGH, f"{name} to grow")
            floor -= 1
            bed.apply(name, pool(floor))
            began = time.monotonic()
            _reach(pods, floor, f"{name} to shrink to {floor}")
            times.append(time.monotonic() - began)
            print(f"{name}: {floor + 1} to {floor} in {times[-1]:.1f} s, lost {clients.lost}", flush=True)


def _reach(watch: Watcher, count: int, what: str) -> None:
    wait_for(what, lambda: watch.latest == count, timeout=120, period=0.05)
