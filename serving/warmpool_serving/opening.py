"""From a proven engine to a pipeline that takes requests: what a server and an embedding program share."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from warmpool_serving.batcher import Batcher
from warmpool_serving.config import Settings
from warmpool_serving.engines.base import CPU, Engine
from warmpool_serving.metrics import Metrics
from warmpool_serving.pipeline import Pipeline
from warmpool_serving.policy import BatchLimits
from warmpool_serving.recheck import Recheck
from warmpool_serving.report import Report
from warmpool_serving.warmup import Warm

_DEVICE_ITEMS: Final = 256
"""Texts of a batch on a device: tokens bound long ones, and more short ones than that seldom wait."""


def open_pipeline(
    settings: Settings,
    engine: Engine,
    report: Report,
    metrics: Metrics,
    warm: Warm,
    *,
    on_broken: Callable[[str], None],
) -> tuple[Batcher, Pipeline]:
    """Starts the workers of ``engine``; runs on the event loop that will call the pipeline."""
    items = settings.max_batch_items or (BatchLimits().items if engine.device == CPU else _DEVICE_ITEMS)
    report.batch = BatchLimits(warm.batch_tokens, items, engine.padded)
    batcher = Batcher(
        engine,
        limits=report.batch,
        concurrency=settings.container_concurrency,
        urgent_after=settings.latency_target_ms / 1000 / 2,
        speed=warm.speed,
        on_batch=metrics.batch,
        goes_on=Recheck(engine, on_broken),
    )
    # Only now is it certain how many workers the engine has: an engine on a device has one.
    report.limits = replace(report.limits, workers=engine.workers)
    report.means, report.batcher, report.proven_memory = warm.means, batcher, warm.memory_peak
    batcher.start()
    most = settings.max_request_tokens
    return batcher, Pipeline(engine, batcher, report, on_done=metrics.waited, max_tokens=most)
