"""A client that honours Retry-After, and a pool that sleeps: does its first retry get an answer?

Beside that client, a prober asks four times a second, to know when an answer could have been had at the
earliest: the wait that was needed. The pool may have one pod, so the prober's requests change nothing.
"""

import http.client
import json
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.ingress.bed import NAMESPACE, PATH, Bed, keep, spec
from bench.load.record import percentile
from hack.cluster.waiting import wait_for

POOLS = 4
STAGGER_SECONDS = 5.0
PROBE_SECONDS = 0.25
"""More often, and the probes of several pools are load themselves."""
BODY = json.dumps({"model": "fake", "input": "word"})


@dataclass(frozen=True)
class Trial:
    """One sleep that a client ended.

    Attributes:
        retry_after: seconds that it was told to wait.
        needed: seconds until the first answer could be had.
        answered: whether its first retry got one.
    """

    retry_after: float
    needed: float
    answered: bool


def measure(bed: Bed, *, trials: int) -> dict[str, float]:
    """Wake sleeping pools, several side by side; return figures."""
    names = [f"zero-{number}" for number in range(POOLS)]
    for name in names:  # learn what a start takes, each alone
        bed.apply(name, _pool(name, floor=1))
        bed.settle(name, 1)
    found: list[Trial] = []
    threads = [
        threading.Thread(target=_wake_again_and_again, args=(bed, name, -(-trials // POOLS), number, found))
        for number, name in enumerate(names)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keep("zero", [(trial.retry_after, trial.needed, trial.answered) for trial in found])
    ratios = [trial.retry_after / trial.needed for trial in found]
    return {
        "zero_trials": len(found),
        "zero_first_retry_success_percent": 100 * sum(trial.answered for trial in found) / len(found),
        "zero_retry_after_over_wait": percentile(ratios, 50) or 0.0,
        "zero_retry_after_over_wait_p95": percentile(ratios, 95) or 0.0,
        "zero_wait_s_p50": percentile([trial.needed for trial in found], 50) or 0.0,
    }


def _pool(name: str, *, floor: int) -> dict[str, object]:
    pool = spec(
        host=f"{name}.example.org",
        pods=(floor, 1),
        server={"containerConcurrency": 2},
        env={"LOAD_SECONDS": "3", "SERVICE_MS": "20"},
        limits={"headroomPercent": 1000},
    )
    pool["scaling"]["keepAliveSeconds"] = 0
    return pool


def _wake_again_and_again(bed: Bed, name: str, trials: int, number: int, found: list[Trial]) -> None:
    time.sleep(number * STAGGER_SECONDS)
    bed.apply(name, _pool(name, floor=0))
    for _ in range(trials):
        wait_for("an empty pool", lambda: not _everything(bed, name), timeout=120, period=0.5)
        time.sleep(2)  # the controller learns of it
        found.append(_trial(bed, f"{name}.example.org"))
        print(name, found[-1], flush=True)


def _everything(bed: Bed, name: str) -> list[object]:
    return list(bed.kubectl.get("pods", "-n", NAMESPACE, "-l", f"warmpool.dev/pool={name}")["items"])


def _trial(bed: Bed, host: str) -> Trial:
    address = bed.ingress.http
    status, wait = _ask(address, host)
    begin = time.monotonic()
    if status != 503 or wait is None:
        raise SystemExit(f"{host} should sleep, and answered {status}")
    earliest: list[float] = []
    prober = threading.Thread(target=_probe, args=(address, host, begin, earliest))
    prober.start()
    time.sleep(wait)
    status, _ = _ask(address, host)
    prober.join()
    return Trial(retry_after=wait, needed=earliest[0], answered=status == 200)


def _probe(address: str, host: str, begin: float, earliest: list[float]) -> None:
    while time.monotonic() < begin + 60:
        if _ask(address, host)[0] == 200:
            break
        time.sleep(PROBE_SECONDS)
    earliest.append(time.monotonic() - begin)


def _ask(address: str, host: str) -> tuple[int, float | None]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=30)
    try:
        connection.request("POST", PATH, BODY, {"Content-Type": "application/json", "Host": host})
        answer = connection.getresponse()
        answer.read()
        after = answer.headers.get("Retry-After")
        return answer.status, float(after) if after else None
    except OSError:
        return 0, None
    finally:
        connection.close()
