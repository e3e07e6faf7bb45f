"""One model in somebody else's process: no ports, no signals, no drain.

A program that has its own ASGI application enters the model in its lifespan and mounts
`warmpool_serving.api.fastapi_app.create_app` (or `EmbeddedModel.web.asgi`, without FastAPI). Until
the model is proven, requests get 503 with Retry-After.
"""

import asyncio
import logging
from types import TracebackType
from typing import Self

from warmpool_serving import engines
from warmpool_serving.admission import Limits
from warmpool_serving.api.web import WebApp
from warmpool_serving.batcher import Batcher
from warmpool_serving.config import Settings
from warmpool_serving.logs import event
from warmpool_serving.metrics import Metrics
from warmpool_serving.names import Outcome, State
from warmpool_serving.opening import open_pipeline
from warmpool_serving.phases import ColdStart
from warmpool_serving.report import Report
from warmpool_serving.state import Lifecycle
from warmpool_serving.threads import cores
from warmpool_serving.warmup import bring_up


class EmbeddedModel:
    """A model that is loaded, warmed and proven on entry; an async context manager, entered once.

    ``web`` may be mounted before that.
    """

    def __init__(self, settings: Settings) -> None:
        """Builds the engine.

        Raises:
            ModelError: there is no model, or its manifest cannot be used.
        """
        self._settings = settings
        self._engine = engines.build(settings, cores(settings.threads).count)
        limits = Limits(
            settings.container_concurrency,
            settings.latency_target_ms / 1000,
            workers=1,
            max_queue=settings.max_queue,
        )
        self.report = Report(Lifecycle(), ColdStart(already=0.0), limits)
        self.metrics = Metrics(self.report)
        self.web = WebApp(settings, self._engine, self.report, self.metrics)
        self._batcher: Batcher | None = None

    async def __aenter__(self) -> Self:
        """Brings the model up in a thread.

        Raises:
            ModelError: the model is missing, corrupt or wrong.
        """
        report = self.report
        warm = await asyncio.to_thread(
            bring_up,
            self._engine,
            self._settings,
            lifecycle=report.lifecycle,
            cold=report.cold,
            check=engines.file_check(self._engine, self._settings),
        )
        self._batcher, self.web.pipeline = open_pipeline(
            self._settings, self._engine, report, self.metrics, warm, on_broken=self._broke
        )
        report.lifecycle.to(State.READY)
        report.cold.finish()
        return self

    def _broke(self, reason: str) -> None:
        # The process is somebody else's: it is told, and gets 503 from now on.
        event(reason, level=logging.ERROR)
        self.web.refusing = True
        self.report.lifecycle.retire(retired=True)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends what is still waiting and stops the workers."""
        self.web.refusing = True
        self.report.lifecycle.to(State.DRAINING)
        if self._batcher is not None:
            self._batcher.end_all(Outcome.DRAINED)
            await asyncio.to_thread(self._batcher.stop)
        self.report.lifecycle.to(State.STOPPED)
