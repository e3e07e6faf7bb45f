"""The operator's metrics, on a registry that the caller owns.

`OperatorMetrics` holds what exists once per process, `QueueMetrics` what exists once per work
queue; the series of pools are in `pool_metrics`. There is no global state: two registries in one
process, as in tests, do not meet.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from warmpool_operator.telemetry import names

# A healthy reconcile is a handful of calls of some milliseconds; a request times out after 10 s.
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# The loop ticks every 0.5 s; a lag above that means skipped ticks.
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class QueueState(Protocol):
    """What a work queue can be asked for when metrics are read."""

    def __len__(self) -> int:
        """Number of keys that wait."""

    @property
    def active(self) -> int:
        """Number of keys in workers' hands."""

    @property
    def unfinished_seconds(self) -> float:
        """Seconds that keys have been in workers' hands, summed."""

    @property
    def longest_running_seconds(self) -> float:
        """Seconds that the oldest of them has been there."""


class OperatorMetrics:
    """Metrics that exist once per process.

    Args:
        registry: Where they are registered.
        version: The operator's version, for `warmpool_operator_build_info`.
    """

    def __init__(self, registry: CollectorRegistry, *, version: str) -> None:
        self.registry = registry
        self._requests = Counter(
            names.REST_CLIENT_REQUESTS,
            "Requests to the API server by status code, method and host.",
            ["code", "method", "host"],
            registry=registry,
        )
        self._leader = Gauge(
            names.LEADER_STATUS, "1 while this process holds the lease, else 0.", ["name"], registry=registry
        )
        self._reconciles = Counter(names.RECONCILE, "Reconciles by result.", ["result"], registry=registry)
        self._errors = Counter(names.RECONCILE_ERRORS, "Reconciles that failed.", registry=registry)
        self._time = Histogram(
            names.RECONCILE_TIME, "Seconds a reconcile took.", buckets=DURATION_BUCKETS, registry=registry
        )
        self._lag = Histogram(
            names.CONTROL_LOOP_LAG,
            "Seconds between the time a tick was due and the time it began.",
            buckets=LAG_BUCKETS,
            registry=registry,
        )
        self._period = Gauge(
            names.CONTROL_LOOP_PERIOD,
            "Seconds between ticks; stretched where scraping would cost too much.",
            registry=registry,
        )
        self._skipped = Counter(
            names.CONTROL_LOOP_SKIPPED,
            "Ticks left out because the one before took longer than a period.",
            registry=registry,
        )
        self._events = Counter(names.EVENTS, "Events by what became of them.", ["result"], registry=registry)
        self._max_concurrent = Gauge(names.MAX_CONCURRENT_RECONCILES, "Number of workers.", registry=registry)
        for result in names.RECONCILE_RESULTS:
            self._reconciles.labels(result=result)
        build = Gauge(names.BUILD_INFO, "Always 1.", ["version", "python"], registry=registry)
        build.labels(version=version, python=platform.python_version()).set(1)

    def observe_request(self, method: str, code: str, host: str) -> None:
        """Counts a request to the API server; fits the client's `on_request`."""
        self._requests.labels(code=code, method=method, host=host).inc()

    def set_leader(self, name: str, leading: bool) -> None:
        """Says whether this process holds the lease of this name."""
        self._leader.labels(name=name).set(1 if leading else 0)

    def observe_reconcile(self, result: names.ReconcileResult, seconds: float) -> None:
        """Counts one reconcile and its duration."""
        self._reconciles.labels(result=result).inc()
        self._time.observe(seconds)
        if result == "error":
            self._errors.inc()

    def set_max_concurrent_reconciles(self, workers: int) -> None:
        """Says how many workers there are."""
        self._max_concurrent.set(workers)

    def observe_tick(self, lag: float, skipped: int, period: float) -> None:
        """Records how late a tick began, how many were left out before it, and the period in seconds."""
        self._lag.observe(max(0.0, lag))
        self._period.set(period)
        if skipped:
            self._skipped.inc(skipped)

    def observe_event(self, result: str) -> None:
        """Counts an event: `sent`, `duplicate`, `rate_limited`, `queue_full` or `failed`."""
        self._events.labels(result=result).inc()


class QueueMetrics:
    """The `workqueue_*` metrics of one registry; `observer` gives each queue its part."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, text: str) -> Histogram:
            return Histogram(name, text, ["name"], buckets=DURATION_BUCKETS, registry=registry)

        self.adds = Counter(names.WORKQUEUE_ADDS, "Keys queued.", ["name"], registry=registry)
        self.retries = Counter(
            names.WORKQUEUE_RETRIES, "Keys queued with backoff.", ["name"], registry=registry
        )
        self.queued = histogram(names.WORKQUEUE_QUEUE_DURATION, "Seconds a key waited for a worker.")
        self.worked = histogram(names.WORKQUEUE_WORK_DURATION, "Seconds a worker had a key.")
        self._gauges = _QueueGauges()
        registry.register(self._gauges)

    def observer(self, name: str) -> QueueMetricsObserver:
        """The observer to give to the queue of this name."""
        return QueueMetricsObserver(self, name)

    def watch(self, name: str, queue: QueueState) -> None:
        """Reads the queue's gauges, worker counts included, whenever metrics are read."""
        self._gauges.queues[name] = queue


class QueueMetricsObserver:
    """Feeds the counters of one queue; fits the work queue's `QueueObserver`."""

    def __init__(self, metrics: QueueMetrics, name: str) -> None:
        self._adds = metrics.adds.labels(name=name)
        self._retries = metrics.retries.labels(name=name)
        self._queued = metrics.queued.labels(name=name)
        self._worked = metrics.worked.labels(name=name)

    def added(self, depth: int) -> None:
        """See `QueueObserver.added`."""
        self._adds.inc()

    def started(self, depth: int, waited: float) -> None:
        """See `QueueObserver.started`."""
        self._queued.observe(waited)

    def finished(self, worked: float) -> None:
        """See `QueueObserver.finished`."""
        self._worked.observe(worked)

    def retried(self) -> None:
        """See `QueueObserver.retried`."""
        self._retries.inc()


class _QueueGauges(Collector):
    """Asks the queues at the moment of reading: a gauge set on events would freeze while a worker hangs."""

    _GAUGES: tuple[tuple[str, str, Callable[[QueueState], float]], ...] = (
        (names.WORKQUEUE_DEPTH, "Keys that wait.", len),
        (
            names.WORKQUEUE_UNFINISHED_WORK,
            "Seconds that keys have been in workers' hands, summed.",
            lambda queue: queue.unfinished_seconds,
        ),
        (
            names.WORKQUEUE_LONGEST_RUNNING,
            "Seconds that the oldest key has been in a worker's hands.",
            lambda queue: queue.longest_running_seconds,
        ),
        (names.ACTIVE_WORKERS, "Workers that have a key.", lambda queue: queue.active),
    )

    def __init__(self) -> None:
        self.queues: dict[str, QueueState] = {}

    def collect(self) -> Iterable[Metric]:
        for metric, text, read in self._GAUGES:
            family = GaugeMetricFamily(metric, text, labels=["name"])
            for name, queue in self.queues.items():
                family.add_metric([name], read(queue))
            yield family
