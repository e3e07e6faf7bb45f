"""The status: when it is worth a write."""

from warmpool_operator.api.status import PoolStatus
from warmpool_operator.reconcile.report import MEMORY_MS, VOLATILE_MS, due
from warmpool_operator.reconcile.times import from_rfc3339, rfc3339, rfc3339_seconds

NOW = 1_700_000_000_123


def test_times_are_utc() -> None:
    assert rfc3339(NOW) == "2023-11-14T22:13:20.123Z"
    assert rfc3339_seconds(NOW) == "2023-11-14T22:13:20Z"
    assert from_rfc3339(rfc3339(NOW)) == NOW


def test_only_what_matters_is_written_at_once() -> None:
    before = PoolStatus().to_wire()
    volatile = {**before, "decision": {**before["decision"], "message": "other words"}}
    significant = {**before, "decision": {**before["decision"], "desired": 3}}
    assert not due(before, before, since_ms=10 * VOLATILE_MS)
    assert not due(volatile, before, since_ms=VOLATILE_MS - 1)
    assert due(volatile, before, since_ms=VOLATILE_MS)
    assert due(significant, before, since_ms=0)


def test_a_memory_that_only_grows_older_is_written_rarely() -> None:
    before = PoolStatus().to_wire()
    older = {**before, "memory": {"published": 1}}
    assert not due(older, before, since_ms=MEMORY_MS - 1)
    assert due(older, before, since_ms=MEMORY_MS)


def test_pods_that_take_turns_in_computing_are_no_news() -> None:
    before = {**PoolStatus().to_wire(), "pods": {"idle": 1, "running": 1, "ready": 2}}
    turned = {**before, "pods": {"idle": 2, "running": 0, "ready": 2}}
    fewer = {**before, "pods": {"idle": 1, "running": 0, "ready": 1}}
    assert not due(turned, before, since_ms=0)
    assert due(fewer, before, since_ms=0)
