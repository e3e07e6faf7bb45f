"""The series of pools, which come and go with them.

A pool that is deleted must not leave its last numbers behind: dashboards would show replicas of
something that does not exist, and alerts would fire for it. `forget` removes every series of a pool.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from warmpool_operator.telemetry import names

# A pod answers within milliseconds, and a scrape is given up before the next tick 0.5 s later.
SCRAPE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

# From a phase of an embedding model in milliseconds to ten minutes, the default limit of a start.
COLD_START_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0)

_POOL = ["namespace", "pool"]


class PoolMetrics:
    """Gauges and counters labelled with namespace and pool.

    Args:
        registry: Where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauges(registry)
        self._histograms(registry)
        self._counters(registry)

    def _gauges(self, registry: CollectorRegistry) -> None:
        self._replicas = Gauge(
            names.POOL_REPLICAS, "Pods of a pool by state.", [*_POOL, "state"], registry=registry
        )
        self._bound = Gauge(
            names.POOL_BOUND, "Floor and ceiling in force, in pods.", [*_POOL, "bound"], registry=registry
        )
        self._condition = Gauge(
            names.POOL_CONDITION,
            "Conditions of a pool: 1 True, 0 False, -1 Unknown.",
            [*_POOL, "condition"],
            registry=registry,
        )
        self._demand = Gauge(
            names.POOL_DEMAND, "Requests that run, wait or were refused.", _POOL, registry=registry
        )

    def _histograms(self, registry: CollectorRegistry) -> None:
        self._cold_start = Histogram(
            names.POOL_COLD_START,
            "Seconds of each phase of a start, and of the whole (phase total).",
            [*_POOL, "phase"],
            buckets=COLD_START_BUCKETS,
            registry=registry,
        )
        # Without pool labels: eleven buckets a pool would make this the bulk of all series.
        self._scrape_duration = Histogram(
            names.POOL_SCRAPE_DURATION,
            "Seconds to ask all pods of one pool.",
            buckets=SCRAPE_BUCKETS,
            registry=registry,
        )

    def _counters(self, registry: CollectorRegistry) -> None:
        self._scrape_failures = Counter(
            names.POOL_SCRAPE_FAILURES,
            "Pods that did not tell their load.",
            [*_POOL, "reason"],
            registry=registry,
        )
        self._decisions = Counter(
            names.POOL_DECISIONS,
            "Changes of the desired number by the term that decided.",
            [*_POOL, "binding"],
            registry=registry,
        )
        self._hpa_applies = Counter(
            names.POOL_HPA_APPLIES, "Writes of the autoscaler's bounds.", _POOL, registry=registry
        )
        self._warm_hits = Counter(
            names.POOL_WARM_HITS, "Requests that began within 50 ms.", _POOL, registry=registry
        )
        self._cold = Counter(
            names.POOL_COLD_REQUESTS,
            "Requests that waited longer, were refused, or found no warm pod.",
            _POOL,
            registry=registry,
        )
        self._idle_seconds = Counter(
            names.POOL_IDLE_SECONDS,
            "Seconds in which warm pods had nothing to do, summed over pods.",
            _POOL,
            registry=registry,
        )
        self._traffic: dict[tuple[str, str], tuple[float, float, float]] = {}
        self._warming_answers = Counter(
            names.POOL_WARMING_ANSWERS,
            "Requests that found no warm pod and were told to come back.",
            _POOL,
            registry=registry,
        )

    def set_replicas(self, namespace: str, pool: str, counts: Mapping[names.PoolState, int]) -> None:
        """Sets the number of pods in each state; a state that is not named counts 0."""
        for state in names.POOL_STATES:
            self._replicas.labels(namespace=namespace, pool=pool, state=state).set(counts.get(state, 0))

    def set_bounds(self, namespace: str, pool: str, *, floor: int, ceiling: int) -> None:
        """Sets the bounds in force, in pods."""
        for bound, value in (("floor", floor), ("ceiling", ceiling)):
            self._bound.labels(namespace=namespace, pool=pool, bound=bound).set(value)

    def set_conditions(self, namespace: str, pool: str, conditions: Mapping[str, int]) -> None:
        """Sets each condition to 1 (True), 0 (False) or -1 (Unknown)."""
        for condition, value in conditions.items():
            self._condition.labels(namespace=namespace, pool=pool, condition=condition).set(value)

    def forget_conditions(self, namespace: str, pool: str) -> None:
        """Removes the conditions of a pool that is not being looked at: the last ones may no longer hold."""
        self._condition.remove_by_labels({"namespace": namespace, "pool": pool})

    def set_demand(self, namespace: str, pool: str, requests: float) -> None:
        """Sets the demand in requests."""
        self._demand.labels(namespace=namespace, pool=pool).set(requests)

    def set_traffic(
        self, namespace: str, pool: str, *, warm_hits: int, cold: int, idle_seconds: float
    ) -> None:
        """Brings the counters to the totals of a pool, which outlive this process and its counters."""
        now = (warm_hits, cold, idle_seconds)
        before = self._traffic.get((namespace, pool), now)
        self._traffic[namespace, pool] = now
        for counter, total, old in zip(
            (self._warm_hits, self._cold, self._idle_seconds), now, before, strict=True
        ):
            counter.labels(namespace=namespace, pool=pool).inc(max(0.0, total - old))

    def observe_scrape(self, seconds: float) -> None:
        """Records how long it took to ask all pods of one pool."""
        self._scrape_duration.observe(seconds)

    def observe_cold_start(self, namespace: str, pool: str, phase: str, seconds: float) -> None:
        """Records how long one phase of one start took."""
        self._cold_start.labels(namespace=namespace, pool=pool, phase=phase).observe(seconds)

    def scrape_failed(self, namespace: str, pool: str, reason: str) -> None:
        """Counts a pod that did not answer; `reason` is one of a small set, never a message."""
        self._scrape_failures.labels(namespace=namespace, pool=pool, reason=reason).inc()

    def decided(self, namespace: str, pool: str, binding: str) -> None:
        """Counts a decision by its binding term."""
        self._decisions.labels(namespace=namespace, pool=pool, binding=binding).inc()

    def hpa_applied(self, namespace: str, pool: str) -> None:
        """Counts a write of the autoscaler's bounds."""
        self._hpa_applies.labels(namespace=namespace, pool=pool).inc()

    def told_to_return(self, namespace: str, pool: str) -> None:
        """Counts a request that found no warm pod."""
        self._warming_answers.labels(namespace=namespace, pool=pool).inc()

    def forget(self, namespace: str, pool: str) -> None:
        """Removes every series of a pool; does nothing for a pool that has none."""
        self._traffic.pop((namespace, pool), None)
        labels = {"namespace": namespace, "pool": pool}
        for metric in (
            self._replicas,
            self._bound,
            self._condition,
            self._demand,
            self._scrape_failures,
            self._decisions,
            self._hpa_applies,
            self._cold_start,
            self._warm_hits,
            self._cold,
            self._idle_seconds,
            self._warming_answers,
        ):
            metric.remove_by_labels(labels)
