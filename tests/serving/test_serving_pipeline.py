"""What the way of a request tells admission."""

import asyncio
import time

from warmpool_serving.config import Settings
from warmpool_serving.embedded import EmbeddedModel


async def _never() -> None:
    await asyncio.Event().wait()


async def test_a_busy_event_loop_tightens_admission() -> None:
    settings = Settings(engine="fake", fake_service_ms=30, latency_target_ms=100, warmup_requests=0)
    async with EmbeddedModel(settings) as model:
        pipeline = model.web.pipeline
        assert pipeline is not None
        waiting = asyncio.create_task(pipeline.embed(["a text"], gone=_never))
        await asyncio.sleep(0)
        # What hundreds of clients do to the loop, all at once: the vectors are there and nobody sends them.
        time.sleep(0.3)  # noqa: ASYNC251
        await waiting
        assert model.report.slip.ratio > 1.0
