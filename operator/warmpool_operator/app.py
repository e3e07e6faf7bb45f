"""The composition root: builds the parts, starts them in order, stops them in reverse.

Everything that is not kopf's is created before `kopf.operator` runs, because kopf cancels every task that
appears in its loop afterwards. A process that loses the lease ends: a restarted standby is simpler to reason
about than a leader that has to forget.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Literal

import aiohttp
import kopf
from prometheus_client import CollectorRegistry

from warmpool_operator import __version__
from warmpool_operator.api import names
from warmpool_operator.handlers import Watches, build_registry
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.observe.scrape import Scraper
from warmpool_operator.reconcile.definition import await_definition
from warmpool_operator.reconcile.news import News
from warmpool_operator.reconcile.reconciler import Reconciler
from warmpool_operator.reconcile.records import RECORD_PAGE, RecordPage
from warmpool_operator.runtime.connect import connect
from warmpool_operator.runtime.kube import KubeClient
from warmpool_operator.runtime.lease import LeaderElector, LeaseSettings
from warmpool_operator.runtime.recorder import EventRecorder
from warmpool_operator.runtime.stretch import Stretch
from warmpool_operator.runtime.ticker import Ticker
from warmpool_operator.runtime.workers import run_workers
from warmpool_operator.runtime.workqueue import WorkQueue
from warmpool_operator.settings import Settings
from warmpool_operator.telemetry.logs import log_context
from warmpool_operator.telemetry.metrics import OperatorMetrics, QueueMetrics
from warmpool_operator.telemetry.pool_metrics import PoolMetrics
from warmpool_operator.telemetry.server import TelemetryServer
from warmpool_operator.warming.front import open_front

STUCK_SECONDS = 120.0
"""A reconcile makes at most a dozen calls of 10 s each; one that takes longer hangs."""
RETRY_SECONDS = 5.0
"""Longest wait of a pool whose reconcile fails: its traffic does not wait for the API server to recover."""
STOP_SECONDS = 10.0

log = logging.getLogger(__name__)


def steady_clock() -> Callable[[], int]:
    """Return a clock of milliseconds since the epoch that never jumps: wall time at start plus elapsed time."""
    offset = time.time() - time.monotonic()
    return lambda: round((offset + time.monotonic()) * 1000)


def wake(queue: WorkQueue[Key], pools: Iterable[Key]) -> None:
    """Queue the pools of one tick; those that failed come back by their backoff, not twice a second."""
    for key in pools:
        if queue.failures(key) == 0:
            queue.add(key)


class App:
    """One operator process.

    Args:
        settings: how it runs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prometheus = CollectorRegistry()
        self._metrics = OperatorMetrics(self._prometheus, version=__version__)
        self._queue_metrics = QueueMetrics(self._prometheus)
        self._telemetry = TelemetryServer(self._prometheus, port=settings.metrics_port)
        self._stop = asyncio.Event()
        self._failed = False
        self._queue: WorkQueue[Key] | None = None

    async def run(self) -> int:
        """Serve until SIGTERM or until the lease is lost. Returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as stack:
            client = await connect(on_request=self._metrics.observe_request)
            stack.push_async_callback(client.close)
            await self._telemetry.start()
            stack.push_async_callback(self._telemetry.stop)
            version = await client.server_version()
            log.info("connected to Kubernetes %s; operator %s", version, __version__)
            await self._lead(client)
        return 1 if self._failed else 0

    async def _lead(self, client: KubeClient) -> None:
        """Wait for the lease where there is one, then operate until told to stop."""
        if self._settings.lease_name is None:
            await self._operate(client)
            return
        leading = asyncio.Event()
        identity = f"{self._settings.pod_name}-{time.time_ns():x}"
        lease = LeaseSettings(self._settings.pod_namespace, self._settings.lease_name, identity)
        elector = LeaderElector(client, lease, on_started=leading.set, on_lost=self._lost)
        election = asyncio.create_task(elector.run(), name="election")
        try:
            if await self._first(leading):
                self._metrics.set_leader(self._settings.lease_name, True)
                await self._operate(client)
        finally:
            await _end(election)

    async def _first(self, leading: asyncio.Event) -> bool:
        """Return True once this process leads, False if it is told to stop before."""
        waits = [asyncio.create_task(leading.wait()), asyncio.create_task(self._stop.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            await _end(wait)
        return leading.is_set() and not self._stop.is_set()

    def _lost(self) -> None:
        log.error("the lease was lost; stopping so that another replica can act")
        self._failed = True
        self._stop.set()
        if self._queue is not None:
            # At once: kopf takes seconds to stop, and another replica may act by then.
            self._queue.shut_down(drain=False)

    async def _operate(self, client: KubeClient) -> None:
        """Reconcile pools until told to stop, or until watching them fails for good."""
        await await_definition(client, next(iter(self._settings.namespaces), None), self._stop)
        if self._stop.is_set():
            return
        now_ms, queue = steady_clock(), self._open_queue()
        cache = Cache(now_ms=now_ms)
        recorder = EventRecorder(
            client,
            controller=f"{names.GROUP}/operator",
            instance=self._settings.pod_name,
            on_event=self._metrics.observe_event,
        )
        async with AsyncExitStack() as stack:
            reconciler = await self._reconciler(client, cache, recorder, now_ms=now_ms, stack=stack)
            self._telemetry.add_page(RECORD_PAGE, RecordPage(reconciler.record))
            tasks = [
                asyncio.create_task(recorder.run(), name="recorder"),
                asyncio.create_task(self._work(queue, reconciler), name="workers"),
                asyncio.create_task(self._tick(queue, reconciler), name="ticker"),
            ]
            try:
                await self._watch(Watches(cache, reconciler, queue.add))
            finally:
                queue.shut_down(drain=False)
                for task in reversed(tasks):
                    await _end(task)

    def _open_queue(self) -> WorkQueue[Key]:
        """Make the queue of pools, with its metrics and its part in the liveness probe."""
        queue: WorkQueue[Key] = WorkQueue(
            max_delay=RETRY_SECONDS, observer=self._queue_metrics.observer("pools")
        )
        self._queue = queue
        self._queue_metrics.watch("pools", queue)
        self._telemetry.add_liveness("reconcile", lambda: _stuck(queue))
        return queue

    async def _reconciler(
        self,
        client: KubeClient,
        cache: Cache,
        recorder: EventRecorder,
        *,
        now_ms: Callable[[], int],
        stack: AsyncExitStack,
    ) -> Reconciler:
        """Make what reconciles pools; `stack` ends its connections and closes its front."""
        connector = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        pool_metrics = PoolMetrics(self._prometheus)
        front = open_front(
            port=self._settings.warming_port,
            ip=self._settings.pod_ip,
            now_ms=now_ms,
            on_refused=pool_metrics.told_to_return,
        )
        return Reconciler(
            client,
            Scraper(session, now_ms=now_ms),
            cache,
            News(recorder, pool_metrics),
            token_key=self._settings.token_key,
            now_ms=now_ms,
            front=await stack.enter_async_context(front),
            namespace_ceiling=self._settings.namespace_max_replicas or None,
        )

    async def _watch(self, watches: Watches) -> None:
        """Run kopf until SIGTERM, until the lease is lost, or until a watch fails for good."""
        namespaces = self._settings.namespaces
        try:
            await kopf.operator(
                registry=build_registry(watches),
                standalone=True,
                clusterwide=not namespaces,
                namespaces=namespaces,
                stop_flag=self._stop,
            )
        except Exception as error:  # kopf gives up on a watch that the API server refuses for good
            log.error("a watch failed for good; restarting will start over: %s", error)
            self._failed = True

    async def _work(self, queue: WorkQueue[Key], reconciler: Reconciler) -> None:
        self._metrics.set_max_concurrent_reconciles(self._settings.workers)

        async def handle(key: Key) -> None:
            started = time.monotonic()
            result: Literal["success", "error"] = "error"
            try:
                with log_context(namespace=key.namespace, pool=key.name):
                    await reconciler.reconcile(key)
                result = "success"
            finally:
                self._metrics.observe_reconcile(result, time.monotonic() - started)

        await run_workers(queue, self._settings.workers, handle)

    async def _tick(self, queue: WorkQueue[Key], reconciler: Reconciler) -> None:
        ticker = Ticker(self._settings.tick_seconds, on_tick=self._metrics.observe_tick)
        stretch = Stretch(self._settings.tick_seconds)
        async for _ in ticker:
            wake(queue, reconciler.known_pools())
            ticker.period = stretch.period(time.process_time())


def _stuck(queue: WorkQueue[Key]) -> str | None:
    longest = queue.longest_running_seconds
    return f"a reconcile has been running for {longest:.0f} s" if longest > STUCK_SECONDS else None


async def _end(task: "asyncio.Task[object]") -> None:
    task.cancel()
    await asyncio.wait([task], timeout=STOP_SECONDS)
