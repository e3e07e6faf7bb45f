"""Pods in any state, in one line, and a reconciler that plays a scenario."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from tests.operator.reconcile.cluster import NOW, Cluster, Silent
from warmpool_operator.capacity.demand import Sample
from warmpool_operator.observe.cache import Cache
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.pods import PodView, Stage, Trouble
from warmpool_operator.observe.scrape import Scraper
from warmpool_operator.reconcile.news import News
from warmpool_operator.reconcile.reconciler import Reconciler
from warmpool_operator.reconcile.roster import Member
from warmpool_operator.telemetry.pool_metrics import PoolMetrics

MakeMember = Callable[..., Member]
Run = Callable[..., None]


@pytest.fixture
def member() -> MakeMember:
    """Make a pod: warm, idle and serving unless told otherwise."""
    numbers = itertools.count()

    def make(
        *,
        stage: Stage = Stage.WARM,
        ready: bool | None = None,
        draining: bool = False,
        silent: bool = False,
        in_flight: int = 0,
        out_ms: int = 0,
        terminating: bool = False,
        trouble: Trouble | None = None,
    ) -> Member:
        name = f"pod-{next(numbers)}"
        sample = Sample(at_ms=0, running=in_flight, queued=0)
        report = LoadReport(serving=not draining, draining=draining, slots=8, sample=sample)
        details: dict[str, Any] = {"stage": stage, "terminating": terminating, "trouble": trouble}
        is_ready = stage is Stage.WARM and not draining if ready is None else ready
        pod = PodView(name=name, uid=name, ip="10.0.0.1", ready=is_ready, **details)
        reports = stage is Stage.WARM and not silent
        return Member(view=pod, report=report if reports else None, out_ms=out_ms)

    return make


@pytest.fixture
def run() -> Run:
    """Run a scenario: `run(cluster, scenario)`, where the scenario is a coroutine function of the reconciler."""

    def play(cluster: Cluster, scenario: Callable[[Reconciler], Any], **options: Any) -> None:
        async def main() -> None:
            async with aiohttp.ClientSession() as session:
                news = News(Silent(), PoolMetrics(CollectorRegistry()))  # type: ignore[arg-type]
                scraper = Scraper(session, now_ms=lambda: NOW)
                reconciler = Reconciler(
                    cluster,  # type: ignore[arg-type]
                    scraper,
                    Cache(now_ms=lambda: NOW),
                    news,
                    token_key=b"k" * 32,
                    **{"now_ms": lambda: NOW, **options},
                )
                await scenario(reconciler)

        asyncio.run(main())

    return play
