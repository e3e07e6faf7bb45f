"""Prometheus metrics of the server.

Every series exists from the first scrape after the imports, so that missing and zero stay two
things. Gauges are read from the report when scraped; nothing is kept twice. No label carries a
client's data: routes are the known ones or ``other``.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from warmpool_serving.jobs import BatchReport, Job
from warmpool_serving.names import ClientPath, Metric, Outcome, Phase, Reject, State
from warmpool_serving.report import Report

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_TOKENS: Final = (8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536)
_RATIOS: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
_ROUTES: Final = frozenset({ClientPath.EMBEDDINGS, ClientPath.EMBED, ClientPath.MODELS, ClientPath.INFO})


class _Live(Collector):
    """Gauges and counters that the report already keeps."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        report, now = self._report, self._report.snapshot()
        state = report.lifecycle.state
        gauges = (
            (Metric.INFLIGHT, "Requests accepted and not yet answered.", now.running + now.queued),
            (Metric.RUNNING, "Requests being computed.", now.running),
            (Metric.QUEUE_DEPTH, "Requests accepted and waiting.", now.queued),
            (Metric.QUEUE_TOKENS, "Tokens waiting.", now.queued_tokens),
            (Metric.OLDEST, "Seconds the oldest waiting request has waited.", now.oldest),
            (Metric.SLOTS, "Requests of mean size that fit at once.", report.slots),
            (Metric.CAPACITY, "Measured tokens per second while busy.", report.tokens_per_second),
            (Metric.MODEL_READY, "1 once loaded, warmed and proven.", int(report.lifecycle.started)),
            (Metric.DRAINING, "1 while retired or draining.", int(state is State.DRAINING)),
        )
        for name, about, value in gauges:
            yield GaugeMetricFamily(name, about, value=value)
        yield from self._counters()
        yield self._cold_start()

    def _counters(self) -> Iterator[CounterMetricFamily]:
        ledger = self._report.ledger
        yield CounterMetricFamily(Metric.ACCEPTED, "Requests accepted.", value=ledger.accepted)
        rejected = CounterMetricFamily(Metric.REJECTED, "Requests refused.", labels=["reason"])
        for reason in Reject:
            rejected.add_metric([reason], ledger.rejected[reason])
        yield rejected
        finished = CounterMetricFamily(Metric.FINISHED, "Accepted requests that ended.", labels=["outcome"])
        for outcome in Outcome:
            finished.add_metric([outcome], ledger.finished[outcome])
        yield finished

    def _cold_start(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            Metric.COLD_START, "Seconds of each part of the cold start.", labels=["phase"]
        )
        done = self._report.cold.done()
        for phase in Phase:
            family.add_metric([phase], done.get(phase, 0.0))
        family.add_metric(["total"], self._report.cold.total or 0.0)
        return family


class Metrics:
    """The registry, and what is observed per request and per batch."""

    def __init__(self, report: Report) -> None:
        # When a series began is in warmpool_build_info's process already; a third of the page otherwise.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry(auto_describe=False)
        registry.register(_Live(report))
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            Metric.REQUESTS, "Answers by route and code.", ["route", "code"], registry=registry
        )
        self._seconds = Histogram(
            Metric.REQUEST_SECONDS,
            "Seconds from request to answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._answered: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        for route in _ROUTES:
            self._seconds.labels(route)
            self._requests.labels(route, "200")
        self._wait = self._histogram(Metric.QUEUE_WAIT_SECONDS, "Seconds a request waited.", _SECONDS)
        self._inference = self._histogram(Metric.INFERENCE_SECONDS, "Seconds of one batch.", _SECONDS)
        self._size = self._histogram(Metric.BATCH_SIZE, "Texts of one batch.", _SIZES)
        self._tokens = self._histogram(Metric.BATCH_TOKENS, "Tokens of one batch, without padding.", _TOKENS)
        self._padding = self._histogram(Metric.BATCH_PADDING, "Share of a batch that is padding.", _RATIOS)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, about, buckets=buckets, registry=self._registry)

    def text(self) -> bytes:
        """The page in Prometheus' text format."""
        return generate_latest(self._registry)

    def build_info(self, **labels: str) -> None:
        """Sets the labels of ``warmpool_build_info``, once."""
        Gauge(Metric.BUILD_INFO, "What is running.", list(labels), registry=self._registry).labels(
            **labels
        ).set(1)

    def answered(self, path: str, code: int, seconds: float) -> None:
        """Counts one answer."""
        route = path if path in _ROUTES else "other"
        # Looking a series up costs more than counting, and under a flood it is the same one every time.
        known = self._answered.get((route, code))
        if known is None:
            known = self._requests.labels(route, str(code)), self._seconds.labels(route)
            self._answered[route, code] = known
        known[0].inc()
        known[1].observe(seconds)

    def batch(self, batch: BatchReport) -> None:
        """Observes one computed batch."""
        self._inference.observe(batch.seconds)
        self._size.observe(batch.size)
        self._tokens.observe(batch.tokens)
        self._padding.observe(1 - batch.tokens / max(1, batch.padded_tokens))

    def waited(self, job: Job) -> None:
        """Observes how long a request waited for its first batch."""
        if job.started is not None:
            self._wait.observe(job.started - job.arrived)
