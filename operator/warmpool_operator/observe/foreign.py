"""The load of servers of another make, from their page of metrics.

Missing parts are unknown, not zero: a page without one of the metrics is no report at all, and the decision then
reckons with what the pod may hide.
"""

from warmpool_operator.api.protocol import LoadMetrics
from warmpool_operator.capacity.demand import Sample
from warmpool_operator.observe.exposition import total
from warmpool_operator.observe.load import LoadReport, LoadReportError

MAX_PODS = 10_000
MIN_SPAN_MS = 100
"""A rate over less than this says more of the clock than of the server."""


class ForeignReader:
    """Reads pages of metrics, and remembers the counters that only a rate makes sense of."""

    def __init__(self) -> None:
        self._busy: dict[str, tuple[int, int]] = {}

    def read(self, page: bytes, metrics: LoadMetrics, *, uid: str, slots: int, at_ms: int) -> LoadReport:
        """Return the report in a page.

        Args:
            page: Prometheus' text format.
            metrics: which of its metrics count.
            uid: of the pod.
            slots: requests that it computes at once.
            at_ms: milliseconds since the epoch.

        Raises:
            LoadReportError: a metric is missing or has no usable value.
        """
        queued = self._total(page, metrics.queued, lazy=metrics.lazy)
        if metrics.busy_us is not None:
            running = self._rate(page, metrics.busy_us, uid=uid, at_ms=at_ms)
        else:
            begun = self._total(page, metrics.running, lazy=metrics.lazy)
            running = max(0, begun - sum(self._total(page, (name,), lazy=True) for name in metrics.minus))
        sample = Sample(at_ms=at_ms, running=running, queued=queued)
        return LoadReport(serving=True, draining=False, slots=slots, sample=sample)

    def _total(self, page: bytes, names: tuple[str, ...], *, lazy: bool) -> int:
        found = total(page, names)
        if found is None and not lazy:
            raise LoadReportError(f"no usable {' or '.join(names)} among the metrics")
        return found or 0

    def _rate(self, page: bytes, name: str, *, uid: str, at_ms: int) -> int:
        """Return how many requests ran at once since the last reading, to the nearest whole one."""
        now = self._total(page, (name,), lazy=False)
        before_ms, before = self._busy.get(uid, (at_ms, now))
        if at_ms - before_ms >= MIN_SPAN_MS or uid not in self._busy:
            if len(self._busy) >= MAX_PODS:
                self._busy.clear()  # of pods long gone, most of them; the others are unknown for one tick
            self._busy[uid] = (at_ms, now)
        span_us = (at_ms - before_ms) * 1000
        if span_us < MIN_SPAN_MS * 1000 or now < before:
            raise LoadReportError(f"{name} was read once so far: its rate is not known")
        return (2 * (now - before) + span_us) // (2 * span_us)
