"""The running server: uvicorn on our socket, readiness after the proof, the drain at the end.

uvicorn would close its listener the moment SIGTERM arrives. Here signals never reach it: the drain
decides when the listener closes and when uvicorn ends.
"""

import asyncio
import gc
import logging
import signal
import socket
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

import uvicorn

from warmpool_serving import listener as listeners
from warmpool_serving.api.web import WebApp
from warmpool_serving.batcher import Batcher
from warmpool_serving.config import Settings
from warmpool_serving.drain import DrainClock, DrainTimes, drain, still_to_wait
from warmpool_serving.engines.base import Engine
from warmpool_serving.logs import event
from warmpool_serving.metrics import Metrics
from warmpool_serving.names import Outcome, State
from warmpool_serving.opening import open_pipeline
from warmpool_serving.report import Report
from warmpool_serving.state import Lifecycle
from warmpool_serving.warmup import Warm

_LEFTOVER_SECONDS = 2
_FIRST_REQUEST_SECONDS = 1.0
_KEEP_ALIVE_SECONDS = 75
"""Longer than the idle time of a proxy's upstream connections (60 s for nginx), so the proxy closes first."""
_BACKLOG = 2048
_BEAT_SECONDS = 1.0


class Server:
    """Serves clients from the moment the web stack is imported; computes once the model is proven."""

    def __init__(self, settings: Settings, engine: Engine, report: Report, metrics: Metrics) -> None:
        self._settings, self._engine, self._report, self._metrics = settings, engine, report, metrics
        self._web = WebApp(settings, engine, report, metrics)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._signals: list[signal.Signals] = []
        self.broken = ""
        self._asked = asyncio.Event()

    def stop(self, sig: signal.Signals) -> bool:
        """Asks for a drain, from any thread; False before there is anything to drain."""
        with self._lock:
            if self._loop is None:
                return False
            self._signals.append(sig)
            self._loop.call_soon_threadsafe(self._asked.set)
            return True

    def _break(self, reason: str) -> None:
        with self._lock:
            if self._signals:
                # It ends anyway, in its own time; until then its answers send clients elsewhere.
                event(reason, level=logging.ERROR)
                return
            self.broken = self.broken or reason
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._asked.set)

    async def run(self, listener: socket.socket, warm: "Future[Warm]") -> None:
        """Runs until drained. Then ``broken`` tells why the engine no longer computes, if that is the reason."""
        config = uvicorn.Config(
            self._web.asgi, log_config=None, access_log=False, lifespan="off", http="httptools", ws="none",
            interface="asgi3", proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=_LEFTOVER_SECONDS, backlog=_BACKLOG,
            server_header=False, date_header=False,
        )  # fmt: skip
        http = uvicorn.Server(config)
        serving = asyncio.create_task(http.serve(sockets=[listener]))
        while not http.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.001)
        batcher = self._open(await asyncio.wrap_future(warm))
        beating = asyncio.create_task(self._beat())
        await self._asked.wait()
        await self._drain(_Ending(http, listener, self._web, self._report.lifecycle, batcher))
        http.should_exit = True
        await serving
        beating.cancel()
        batcher.stop()
        self._report.lifecycle.to(State.STOPPED)

    async def _beat(self) -> None:
        while True:
            self._report.heartbeat = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)

    def _open(self, warm: Warm) -> Batcher:
        report = self._report
        batcher, self._web.pipeline = open_pipeline(
            self._settings, self._engine, report, self._metrics, warm, on_broken=self._break
        )
        # What is alive now stays alive: the collector need never look at it again.
        gc.freeze()
        gc.enable()
        with self._lock:
            self._loop = asyncio.get_running_loop()
            report.lifecycle.to(State.READY)
        report.cold.finish()
        event("ready", seconds=round(report.cold.seconds, 3), slots=report.slots)
        return batcher

    async def _drain(self, ending: "_Ending") -> None:
        times = self._drain_times()
        clock = DrainClock(now=time.monotonic, sleep=asyncio.sleep, hurry=lambda: len(self._signals) > 1)
        event(
            "draining",
            signal=self._signals[0].name if self._signals else None,
            acceptSeconds=round(times.propagation, 1),
            inFlight=self._web.active,
        )
        outcome = await drain(ending, times, clock)
        event("drained", seconds=round(outcome.seconds, 2), abandoned=outcome.abandoned)

    def _drain_times(self) -> DrainTimes:
        if self.broken:
            # Nothing that waits will be computed: the sooner it is refused, the sooner it is elsewhere.
            return DrainTimes(propagation=0.0, timeout=0.0)
        propagation = self._settings.drain_propagation_seconds
        if signal.SIGINT in self._signals:
            propagation = 0.0
        propagation = still_to_wait(propagation, self._report.lifecycle.retired_for)
        return DrainTimes(propagation, self._settings.drain_timeout_seconds)


@dataclass(slots=True)
class _Ending:
    """What the steps of the drain do to this server."""

    http: uvicorn.Server
    listener: socket.socket
    web: WebApp
    lifecycle: Lifecycle
    batcher: Batcher
    closed_at: float = 0.0

    def unready(self) -> None:
        self.lifecycle.to(State.DRAINING)

    async def close_listener(self) -> None:
        await listeners.quiesce(self.listener)
        for server in self.http.servers:
            server.close()
        self.web.refusing = True
        self.closed_at = time.monotonic()

    def in_flight(self) -> int:
        return self.web.active + self._expected()

    def _expected(self) -> int:
        # Who has just connected is about to send a request, and would be reset.
        if time.monotonic() > self.closed_at + _FIRST_REQUEST_SECONDS:
            return 0
        return sum(getattr(item, "cycle", self) is None for item in self.http.server_state.connections)

    def give_up(self) -> int:
        return self.batcher.end_all(Outcome.DRAINED)
