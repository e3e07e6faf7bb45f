"""A burst while pods load, and limits that change under load: what is let through, and what is lost."""

import json
import threading
import time
from typing import Any

from bench.ingress.bed import NAMESPACE, Bed, keep, send, spec
from bench.load.record import Record
from bench.load.schedule import Send
from bench.pools import Object

HOST, NAME = "growth.example.org", "growth"
CEILING, CONCURRENCY, SERVICE_MS = 4, 2, 200
RATE, SECONDS = 60, 60
STEADY_RATE, STEADY_SECONDS, CHANGES = 15, 30, 5


def pool(headroom: int = 100) -> Object:
    """Return the pool: 10 requests per second and pod, so the burst is one and a half times the ceiling."""
    return spec(
        host=HOST,
        pods=(1, CEILING),
        server={"containerConcurrency": CONCURRENCY},
        env={"LOAD_SECONDS": "4", "SERVICE_MS": str(SERVICE_MS)},
        limits={"headroomPercent": headroom},
    )


def measure(bed: Bed) -> dict[str, float]:
    """Burst on one pod, then change the limit again and again under a load that fits."""
    bed.apply(NAME, pool())
    bed.settle(NAME, 1)
    limit_path = "{.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/limit-connections}"
    ready_watch = bed.watch("wmp", NAME, "{.status.pods.ready}")
    with ready_watch as ready, bed.watch("ingress", NAME, limit_path) as limit:
        sends = [Send(number / RATE, 4) for number in range(RATE * SECONDS)]
        begin = time.monotonic()
        records = send(bed.ingress, HOST, sends, deadline=10, clients=1)
    keep(
        "growth",
        {
            "records": [(record.intended, record.status, record.finished) for record in records],
            "ready": [(at - begin, value) for at, value in ready.seen],
            "limit": [(at - begin, value) for at, value in limit.seen],
        },
    )
    failed = _failed(records)
    print("growth: statuses", _statuses(records), "limits", [value for _, value in limit.seen], flush=True)
    steady = _change_under_load(bed)
    return {
        "failed_during_limit_change": failed + sum(record.status != 200 for record in steady),
        "requests_during_limit_change": len(records) + len(steady),
        "limit_changes_under_load": len({value for _, value in limit.seen}) - 1 + CHANGES,
    }


def _change_under_load(bed: Bed) -> list[Record]:
    """Change the headroom under a load that every limit lets through: whatever is not a 200 was lost."""
    bed.kubectl("patch", "wmp", NAME, "-n", NAMESPACE, "--type=merge", "-p", _patch(minReplicas=CEILING))
    bed.settle(NAME, CEILING)
    stop = threading.Event()

    def change() -> None:
        for number in range(CHANGES):
            if stop.wait(STEADY_SECONDS / (CHANGES + 1)):
                return
            limits = {"limits": {"headroomPercent": 300 + 100 * number}}
            patch = json.dumps({"spec": {"ingress": limits}})
            bed.kubectl("patch", "wmp", NAME, "-n", NAMESPACE, "--type=merge", "-p", patch)

    changer = threading.Thread(target=change)
    changer.start()
    sends = [Send(number / STEADY_RATE, 4) for number in range(STEADY_RATE * STEADY_SECONDS)]
    records = send(bed.ingress, HOST, sends, deadline=10, clients=1)
    stop.set()
    changer.join()
    print("steady: statuses", _statuses(records), flush=True)
    return records


def _patch(**scaling: Any) -> str:
    return json.dumps({"spec": {"scaling": scaling}})


def _failed(records: list[Record]) -> int:
    """Count what is neither an answer nor a refusal in order."""
    return sum(bool(record.error) or record.status not in {200, 429, 503} for record in records)


def _statuses(records: list[Record]) -> dict[str, int]:
    found: dict[str, int] = {}
    for record in records:
        key = record.error or str(record.status)
        found[key] = found.get(key, 0) + 1
    return found
