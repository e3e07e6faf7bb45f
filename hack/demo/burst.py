"""Replays a burst against a warm pool and watches it grow and shrink back."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.load.client import Run, Settings, replay
from bench.load.payload import embeddings
from bench.load.schedule import Schedule, trace
from bench.load.tracefile import read_trace
from hack.cluster import ClusterError
from hack.demo.sampling import Sample, Sampler
from hack.demo.talk import Show
from warmpool_operator.runtime.connect import connect

CUT_BEGIN_SECONDS = 300
CUT_SECONDS = 900
COMPRESSION = 20
KEEP = 0.6
MAX_TOKENS = 96
"""Together: a quarter of an hour in 45 s, 50 rising to 105 texts a second, nearly all of them 96 tokens long. One
CPU computes about 3000 tokens a second, 31 such texts: one pod is overwhelmed from the first second, and
on two cores so are four."""
CALM_SECONDS = 5.0
DEADLINE_SECONDS = 10.0
SHRINK_SECONDS = 180.0
"""Patience until the pool is back where it began: keepAlive, retirement, and the HPA's own period of 15 s."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What was sent and what was seen. `schedule` holds every request, `run` what became of it."""

    schedule: Schedule
    run: Run
    samples: tuple[Sample, ...]
    calm: Sample
    back: bool


def burst() -> Schedule:
    """Return the burst: a cut of the real trace, faster and a little thinner than it was."""
    return trace(
        read_trace(),
        begin=CUT_BEGIN_SECONDS,
        seconds=CUT_SECONDS,
        compression=COMPRESSION,
        keep=KEEP,
        max_tokens=MAX_TOKENS,
    )


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the burst goes, and which pool to watch meanwhile."""

    url: str
    kubeconfig: Path
    namespace: str
    pool: str
    model: str


async def record_burst(target: Target, schedule: Schedule, show: Show) -> Recording:
    """Watch the pool in calm, send the burst, and watch until the pool has shrunk back.

    Raises:
        ClusterError: the pool cannot be seen.
    """
    async with await connect(kubeconfig=str(target.kubeconfig), user_agent="warmpool-demo") as client:
        sampler = Sampler(client, target.namespace, target.pool)
        calm = await _settle(sampler, show)
        watching = asyncio.create_task(sampler.run())
        telling = asyncio.create_task(_tell(sampler, show))
        try:
            await asyncio.sleep(CALM_SECONDS)
            settings = Settings(url=f"{target.url}/v1/embeddings", deadline=DEADLINE_SECONDS)
            run = await replay(schedule, settings, body=embeddings(target.model))
            back = await _until(lambda: _is_back(sampler, calm), SHRINK_SECONDS)
            await asyncio.sleep(CALM_SECONDS)
        finally:
            for task in (telling, watching):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    return Recording(schedule=schedule, run=run, samples=tuple(sampler.samples), calm=calm, back=back)


def line(sample: Sample) -> str:
    """Return one sample in words."""
    parts = [
        f"demand {sample.demand:3d}",
        f"desired {sample.desired}",
        f"ready {sample.ready}",
        *([f"warming {sample.warming}"] if sample.warming else []),
        *([f"retiring {sample.draining}"] if sample.draining else []),
        f"decided by {sample.binding}",
    ]
    return "  ".join(parts)


async def _settle(sampler: Sampler, show: Show) -> Sample:
    """Wait for the pool to be at rest: the sentences that it has just embedded were demand, and are remembered."""
    show("waiting for the pool to forget earlier demand (keepAlive)")
    if not await _until(lambda: _rests(sampler), SHRINK_SECONDS, look=sampler):
        raise ClusterError("the pool does not come to rest; see `kubectl describe wmp`")
    calm = sampler.samples[-1]
    sampler.samples.clear()
    return calm


def _rests(sampler: Sampler) -> bool:
    last = sampler.samples[-3:]
    return len(last) == 3 and all(sample.at_rest for sample in last)


def _is_back(sampler: Sampler, calm: Sample) -> bool:
    last = sampler.samples[-1] if sampler.samples else None
    return last is not None and last.settled and last.desired <= calm.desired


async def _until(happened: Callable[[], bool], seconds: float, *, look: Sampler | None = None) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if look is not None:
            await look.look()
        if happened():
            return True
        await asyncio.sleep(0.5)
    return False


async def _tell(sampler: Sampler, show: Show) -> None:
    while True:
        if sampler.samples:
            show(line(sampler.samples[-1]))
        await asyncio.sleep(0.5)
