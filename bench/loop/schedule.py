"""A schedule over pods that load for 20 s: are they ready at its start, and how much too early is the first?

The lead is learned from five starts. Then the schedule opens every second minute; a watch tells when its pods came
and when they were ready, by the clock of this machine.
"""

import time
from dataclasses import dataclass

from bench.burst.lives import Life, PodWatch
from bench.loop.bed import spec
from bench.pools import Object, Pools
from hack.cluster.waiting import wait_for

NAME = "schedule"
LOAD_SECONDS, STARTS, FLOOR = 20, 5, 4
TRIALS = 2
EVERY_SECONDS, OPEN_SECONDS = 120, 20
HEAD_START_SECONDS = 15.0
"""Between applying the schedule and the moment at which its pods are due, at least."""
SCHEDULE = {"name": "opening", "start": "*/2 * * * *", "timeZone": "UTC", "durationSeconds": OPEN_SECONDS}


@dataclass(frozen=True)
class Opening:
    """One start of the schedule; seconds, negative where it came after the start.

    Attributes:
        asked: before the start at which its first pod came.
        first: before the start at which the first pod was ready.
        last: likewise the last one.
    """

    asked: float
    first: float
    last: float


def measure(bed: Pools) -> dict[str, float]:
    """Learn, then open TRIALS times; return figures."""
    bed.apply(NAME, pool(minReplicas=STARTS))
    bed.settle(NAME, STARTS, seconds=240)
    p95 = wait_for("measured starts", lambda: _learned_p95(bed), timeout=60)
    bed.apply(NAME, pool())
    bed.settle(NAME, 1)
    bed.apply(NAME, pool(schedules=[{**SCHEDULE, "minReplicas": FLOOR, "lead": "Auto"}]))
    found = []
    for number in range(TRIALS):
        found.append(_open(bed, lead=1.1 * p95))
        print(f"opening {number + 1}: {found[-1]}", flush=True)
    return {
        "schedule_openings": TRIALS,
        "schedule_load_s": LOAD_SECONDS,
        "schedule_start_s_p95": p95,
        "schedule_ready_late_s": max(0.0, *(-each.last for each in found)),
        "schedule_first_pod_early_s": max(each.first for each in found),
        "schedule_asked_early_s": max(each.asked for each in found),
    }


def pool(**scaling: object) -> Object:
    """Return a pool of models that load for LOAD_SECONDS."""
    return spec(
        env={"LOAD_SECONDS": LOAD_SECONDS, "SERVICE_MS": 10}, scaling={"maxReplicas": STARTS, **scaling}
    )


def _learned_p95(bed: Pools) -> float:
    """Return the 95th percentile of the starts in seconds, 0 before enough were measured."""
    startup = bed.status(NAME).get("startup", {})
    return float(startup["p95"].removesuffix("s")) if startup.get("samples", 0) >= STARTS else 0.0


def _open(bed: Pools, *, lead: float) -> Opening:
    """Wait for the next start with a pool at rest before it, and see what comes."""
    bed.settle(NAME, 1)
    soonest = time.time() + lead + HEAD_START_SECONDS
    start = (soonest // EVERY_SECONDS + 1) * EVERY_SECONDS
    time.sleep(max(0.0, start - lead - HEAD_START_SECONDS - time.time()))
    with PodWatch(bed.kubectl.argv(), bed.namespace) as watch:
        began = time.time() + 2  # the watch begins with what is there
        wait_for(
            "the schedule's pods",
            lambda: len(_fresh(watch, began)) == FLOOR - 1,
            timeout=start - began + OPEN_SECONDS,
        )
        lives = _fresh(watch, began)
    ready = [life.ready or 0.0 for life in lives]
    return Opening(
        asked=start - min(life.scheduled for life in lives), first=start - min(ready), last=start - max(ready)
    )


def _fresh(watch: PodWatch, began: float) -> list[Life]:
    """The pods that came since, and are ready."""
    return [life for life in list(watch.lives.values()) if life.scheduled >= began and life.ready is not None]
