"""A burst on two warm pods: without a limit, with the annotation that everybody writes, and with warmpool's.

2 pods x 4 requests at once x 200 ms = 40 requests per second. 300 requests at once, and 60 more per second
for 10 s, from 8 client addresses; a client gives up after 5 s, and an answer within 2 s is a good one.

`none` and `naive` have pods that queue without a bound, as most servers do. `naive` is `limit-rps: 40`, what
the pods compute, with everything else left to its default.
"""

from collections.abc import Mapping
from dataclasses import asdict

from bench.ingress.bed import CLIENTS, NAMESPACE, Bed, keep, send, spec
from bench.load.record import Record, percentile
from bench.load.schedule import Send
from bench.pools import Object

PODS, CONCURRENCY, SERVICE_MS = 2, 4, 200
AT_ONCE, PER_SECOND, SECONDS = 300, 60, 10
DEADLINE_SECONDS, GOOD_SECONDS = 5.0, 2.0
NAIVE_RATE = PODS * CONCURRENCY * 1000 // SERVICE_MS
UNBOUNDED = {"latencyTargetMs": 600_000, "maxQueue": 100 * CONCURRENCY}
SYSTEMS: Mapping[str, tuple[Mapping[str, int], Object]] = {
    "none": (UNBOUNDED, {"limits": {"mode": "Disabled"}, "tries": 1}),
    "naive": (UNBOUNDED, {"limits": {"mode": "Disabled"}, "tries": 1}),
    "ours": ({}, {"limits": {"clients": CLIENTS}}),
}


def schedule() -> list[Send]:
    """Return the burst and what follows it."""
    burst = [Send(0.0, 4)] * AT_ONCE
    return burst + [Send(number / PER_SECOND, 4) for number in range(PER_SECOND * SECONDS)]


def measure(bed: Bed, *, repeats: int) -> dict[str, float]:
    """Run all systems; return figures, means over the repeats."""
    figures: dict[str, float] = {}
    raw: dict[str, list[Object]] = {}
    for name, (server, ingress) in SYSTEMS.items():
        host = f"{name}.table.example.org"
        env = {"LOAD_SECONDS": "1", "SERVICE_MS": str(SERVICE_MS)}
        pool = spec(
            host="unused.example.org" if name == "naive" else host,
            pods=(PODS, PODS),
            server={"containerConcurrency": CONCURRENCY, **server},
            env=env,
            **ingress,
        )
        bed.apply(name, pool)
        if name == "naive":
            bed.kubectl.apply(naive(host), namespace=NAMESPACE)
        bed.settle(name, PODS)
        send(
            bed.ingress, host, [Send(number / 20, 4) for number in range(100)], deadline=30
        )  # warm, all of it
        runs = [_one(bed, name, host) for _ in range(repeats)]
        raw[name] = [asdict(record) for record in runs[-1][0]]
        for figure in ("goodput", "p99_s", "p50_s", "wasted"):
            values = [run[1][figure] for run in runs]
            figures[f"{figure}_nginx_{name}"] = sum(values) / len(values)
        print(name, {key: value for key, value in figures.items() if key.endswith(name)}, flush=True)
        bed.kubectl("delete", "wmp", name, "-n", NAMESPACE)
    keep("table", raw)
    return figures


def naive(host: str) -> Object:
    """Return the Ingress that everybody writes."""
    backend = {"service": {"name": "naive", "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "by-hand",
            "annotations": {"nginx.ingress.kubernetes.io/limit-rps": str(NAIVE_RATE)},
        },
        "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": [path]}}]},
    }


def _one(bed: Bed, name: str, host: str) -> tuple[list[Record], dict[str, float]]:
    before = bed.computed(name)
    records = send(bed.ingress, host, schedule(), deadline=DEADLINE_SECONDS)
    latencies = [record.latency for record in records if record.answered]
    good = sum(latency <= GOOD_SECONDS for latency in latencies)
    return records, {
        "goodput": good,
        "p50_s": percentile(latencies, 50) or 0.0,
        "p99_s": percentile(latencies, 99) or 0.0,
        # Computed to the end for a client that had left, or later than is of use.
        "wasted": bed.computed(name) - before - good,
    }
