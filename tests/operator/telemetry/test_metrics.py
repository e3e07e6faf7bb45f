"""Metric names, the life of series, and that registries do not meet."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from warmpool_operator.telemetry import names
from warmpool_operator.telemetry.metrics import OperatorMetrics, QueueMetrics
from warmpool_operator.telemetry.pool_metrics import PoolMetrics


class Queue:
    """A work queue as the metrics see it."""

    active, unfinished_seconds, longest_running_seconds = 2, 7.5, 5.0

    def __len__(self):
        return 3


@pytest.fixture
def registry():
    return CollectorRegistry()


def series(registry, name):
    """Values by label set of one metric name, as a scraper reads them."""
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if sample.name == name
    }


def test_every_name_is_there_once_everything_happened(registry):
    metrics, queues, pools = (
        OperatorMetrics(registry, version="1.2"),
        QueueMetrics(registry),
        PoolMetrics(registry),
    )
    metrics.observe_request("GET", "200", "api")
    metrics.set_leader("lock", True)
    metrics.observe_reconcile("success", 0.1)
    metrics.set_max_concurrent_reconciles(4)
    metrics.observe_tick(0.01, 1, 0.5)
    metrics.observe_event("sent")
    observer = queues.observer("pools")
    observer.added(1)
    observer.started(0, 0.1)
    observer.finished(0.2)
    observer.retried()
    queues.watch("pools", Queue())
    pools.set_replicas("team", "minilm", {"ready": 2})
    pools.set_demand("team", "minilm", 5)
    pools.observe_scrape(0.01)
    pools.scrape_failed("team", "minilm", "timeout")
    pools.decided("team", "minilm", "demand")
    pools.hpa_applied("team", "minilm")
    text = generate_latest(registry).decode()
    types = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")}
    wanted = [value for key, value in vars(names).items() if key.isupper() and isinstance(value, str)]
    assert len(wanted) >= 25
    for name in wanted:
        assert name in types, name
        assert (types[name] == "counter") == name.endswith("_total")


def test_a_reconcile_counts_by_result(registry):
    metrics = OperatorMetrics(registry, version="1")
    metrics.observe_reconcile("success", 0.1)
    metrics.observe_reconcile("error", 0.1)
    counts = {dict(key)["result"]: value for key, value in series(registry, names.RECONCILE).items()}
    assert counts == {"success": 1, "error": 1, "requeue": 0, "requeue_after": 0}
    assert series(registry, names.RECONCILE_ERRORS) == {(): 1}
    assert series(registry, names.RECONCILE_TIME + "_count") == {(): 2}


def test_leader_and_build(registry):
    metrics = OperatorMetrics(registry, version="1.2.3")
    metrics.set_leader("lock", True)
    assert series(registry, names.LEADER_STATUS) == {(("name", "lock"),): 1}
    metrics.set_leader("lock", False)
    assert series(registry, names.LEADER_STATUS) == {(("name", "lock"),): 0}
    [labels] = series(registry, names.BUILD_INFO)
    assert dict(labels)["version"] == "1.2.3"
    assert dict(labels)["python"].startswith("3.")


def test_requests_have_client_go_labels(registry):
    OperatorMetrics(registry, version="1").observe_request("PATCH", "409", "10.0.0.1:443")
    wanted = {(("code", "409"), ("host", "10.0.0.1:443"), ("method", "PATCH")): 1}
    assert series(registry, names.REST_CLIENT_REQUESTS) == wanted


def test_a_queue_is_asked_when_it_is_read(registry):
    queues, queue = QueueMetrics(registry), Queue()
    queues.watch("pools", queue)
    pools = (("name", "pools"),)
    assert series(registry, names.WORKQUEUE_DEPTH) == {pools: 3}
    assert series(registry, names.ACTIVE_WORKERS) == {pools: 2}
    queue.longest_running_seconds = 99.0
    assert series(registry, names.WORKQUEUE_LONGEST_RUNNING) == {pools: 99}
    assert series(registry, names.WORKQUEUE_UNFINISHED_WORK) == {pools: 7.5}


def test_a_tick_that_skips_none_counts_none(registry):
    metrics = OperatorMetrics(registry, version="1")
    metrics.observe_tick(-0.001, 0, 0.5)
    metrics.observe_tick(0.2, 3, 1.0)
    assert series(registry, names.CONTROL_LOOP_SKIPPED) == {(): 3}
    assert series(registry, names.CONTROL_LOOP_PERIOD) == {(): 1.0}
    assert series(registry, names.CONTROL_LOOP_LAG + "_sum") == {(): pytest.approx(0.2)}


def test_a_state_that_is_not_named_is_zero(registry):
    pools = PoolMetrics(registry)
    pools.set_replicas("team", "minilm", {"ready": 2, "warming": 3})
    pools.set_replicas("team", "minilm", {"ready": 5})
    counts = {dict(key)["state"]: value for key, value in series(registry, names.POOL_REPLICAS).items()}
    assert counts == {state: 5 if state == "ready" else 0 for state in names.POOL_STATES}


def test_the_series_of_a_pool_go_with_it_and_those_of_others_stay(registry):
    pools = PoolMetrics(registry)
    for namespace, pool in (("team", "minilm"), ("team", "other"), ("else", "minilm")):
        pools.set_replicas(namespace, pool, {"ready": 1})
        pools.set_demand(namespace, pool, 1)
        pools.scrape_failed(namespace, pool, "timeout")
        pools.decided(namespace, pool, "floor")
        pools.hpa_applied(namespace, pool)
    pools.forget("team", "minilm")
    pools.forget("team", "minilm")
    pools.forget("never", "seen")
    for name in (
        names.POOL_REPLICAS,
        names.POOL_DEMAND,
        names.POOL_SCRAPE_FAILURES,
        names.POOL_DECISIONS,
        names.POOL_HPA_APPLIES,
    ):
        left = {(dict(key)["namespace"], dict(key)["pool"]) for key in series(registry, name)}
        assert left == {("team", "other"), ("else", "minilm")}, name


def test_two_registries_do_not_meet():
    first, second = CollectorRegistry(), CollectorRegistry()
    for registry in (first, second):
        PoolMetrics(registry).set_demand("team", "minilm", 1 if registry is first else 2)
        OperatorMetrics(registry, version="1")
    assert list(series(first, names.POOL_DEMAND).values()) == [1]
    assert list(series(second, names.POOL_DEMAND).values()) == [2]
