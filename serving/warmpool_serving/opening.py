"""From a proven engine to a pipeline that takes requests: what a server and an embedding program share."""

from dataclasses import replace

from warmpool_serving.batcher import Batcher
from warmpool_serving.config import Settings
from warmpool_serving.engines.base import Engine
from warmpool_serving.metrics import Metrics
from warmpool_serving.pipeline import Pipeline
from warmpool_serving.policy import BatchLimits
from warmpool_serving.report import Report
from warmpool_serving.warmup import Warm


def open_pipeline(
    settings: Settings, engine: Engine, report: Report, metrics: Metrics, warm: Warm
) -> tuple[Batcher, Pipeline]:
    """Starts the workers of ``engine``; runs on the event loop that will call the pipeline."""
    batcher = Batcher(
        engine,
        limits=BatchLimits(settings.max_batch_tokens, settings.max_batch_items, engine.padded),
        concurrency=settings.container_concurrency,
        urgent_after=settings.latency_target_ms / 1000 / 2,
        speed=warm.speed,
        on_batch=metrics.batch,
    )
    # Only now is it certain how many workers the engine has: an engine on a device has one.
    report.limits = replace(report.limits, workers=engine.workers)
    report.means, report.batcher, report.proven_memory = warm.means, batcher, warm.memory_peak
    batcher.start()
    most = settings.max_request_tokens
    return batcher, Pipeline(engine, batcher, report, on_done=metrics.waited, max_tokens=most)
