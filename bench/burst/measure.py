"""One real run: deploy, send, watch, and say what came of it."""

import asyncio
import math
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from bench.burst.bed import ROOT, Bed
from bench.burst.hostcpu import HostCpu
from bench.burst.judging import judged
from bench.burst.lives import Life, PodWatch
from bench.burst.result import Answer, Result
from bench.burst.scenarios import Scenario
from bench.burst.shared import OwnCpu
from bench.burst.systems import ANNOUNCED, System
from bench.burst.usage import UsageWatch
from bench.load.client import Run, Settings, replay
from bench.load.payload import embeddings
from bench.load.record import Record, summarize
from hack.cluster import ClusterError
from warmpool_operator.simulate.setup import Route

SETTLE_SECONDS = 3.0
LATE_SECONDS = 0.5
"""A run that begins so much later than announced is none: its pods had that much more time."""


def measure(bed: Bed, scenario: Scenario, system: System, seed: int, *, shared: bool) -> Result:
    """Run one scenario against one system, in a namespace of its own.

    Args:
        bed: the cluster.
        scenario: what is sent.
        system: what scales.
        seed: of the traffic.
        shared: whether others use the machine too; then the benchmark comes first.
    """
    namespace = f"burst-{scenario.name}-{system.name}-{seed}".replace("_", "-")
    schedule = scenario.make(seed)
    with (
        bed.deployed(system, namespace) as door,
        PodWatch(bed.kubectl_argv, namespace) as watch,
        UsageWatch(lambda: bed.usage(namespace)) as usage,
    ):
        time.sleep(SETTLE_SECONDS)
        begin = _announced(bed, scenario, system, namespace) if system.announced else None
        settings = Settings(
            url=door.url,
            headers=door.headers,
            deadline=scenario.deadline,
            max_attempts=scenario.max_attempts,
            reuse_connections=door.route is Route.INGRESS,
        )
        with HostCpu() as cpu, OwnCpu() if shared else nullcontext() as own:
            run = asyncio.run(replay(schedule, settings, body=embeddings("fake", seed=seed), begin=begin))
            time.sleep(max(0.0, run.started + scenario.seconds - time.time()))
        lives = list(watch.lives.values())
    if begin is not None and run.started > begin + LATE_SECONDS:
        raise ClusterError(f"the run began {run.started - begin:.1f} s after what the pool was told")
    result = result_of(scenario, system, seed, run=run, lives=lives, cpu_percent=cpu.mean, route=door.route)
    return replace(
        result,
        own_cpu_percent=None if own is None else own.percent,
        usage=usage.readings(run.started, run.started + scenario.seconds),
    )


def _announced(bed: Bed, scenario: Scenario, system: System, namespace: str) -> float:
    """Tell the pool of the next full minute that can be the change's, and return when the run is to begin."""
    calm: float = max(scenario.change_at, ANNOUNCED["lead"])
    change = 60 * math.ceil((time.time() + 2 * SETTLE_SECONDS + calm) / 60)
    bed.announce(system, namespace, datetime.fromtimestamp(change, UTC))
    begin = change - scenario.change_at
    # The requests are made before the first is sent.
    time.sleep(max(0.0, begin - SETTLE_SECONDS - time.time()))
    return begin


def result_of(
    scenario: Scenario,
    system: System,
    seed: int,
    *,
    run: Run,
    lives: Sequence[Life],
    cpu_percent: float,
    route: Route,
) -> Result:
    """Return the result of a run from its requests and its pods."""
    begin, end = run.started, run.started + scenario.seconds
    created = [life for life in lives if begin < life.scheduled < end]
    seconds = [begin + number for number in range(int(scenario.seconds))]
    seen = judged(
        "real",
        scenario,
        system.name,
        seed,
        route=route,
        answers=[_answer(record, scenario.deadline) for record in run.records],
        pod_seconds=sum(life.seconds(begin, end) for life in lives),
    )
    return replace(
        seen,
        startups_s=[round(life.startup, 2) for life in created if life.startup is not None],
        statuses=dict(Counter(record.error or str(record.status) for record in run.records)),
        cpu_percent=cpu_percent,
        lag_p99_s=summarize(run.records).lag_p99,
        ready=[sum(life.serving(at) for life in lives) for at in seconds],
        pods=[sum(life.scheduled <= at < (life.gone or end) for life in lives) for at in seconds],
        commit=_commit(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _answer(record: Record, deadline: float) -> Answer:
    good = record.status == 200 and not record.error and record.latency <= deadline
    return Answer(intended=record.intended, latency=record.latency if good else None)


def _commit() -> str:
    argv = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
