"""Limits: from ready slots, rounded up, never 0."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.admission.intent import LEAST_RATE, Capacity, Limit, intent_of, limit_of
from warmpool_operator.api.ingress import Ingress, Limits


def capacity(pods: int, slots: int, **rest: Any) -> Capacity:
    return Capacity(**{"pods": pods, "slots_per_pod": slots, "concurrency": 4, **rest})


@pytest.mark.parametrize(
    ("pods", "slots", "limits", "connections"),
    [
        (1, 24, {}, 48),
        (2, 24, {"headroomPercent": 100}, 48),
        (2, 20, {"headroomPercent": 150, "clients": 4, "controllerReplicas": 2}, 8),
        (2, 20, {"headroomPercent": 150, "clients": 4, "controllerReplicas": 2, "scope": "Pool"}, 30),
        (1, 1, {"clients": 500}, 1),
        (0, 24, {}, 48),
        (3, 1, {"headroomPercent": 100, "clients": 2}, 2),
    ],
)
def test_limit(pods: int, slots: int, limits: dict[str, Any], connections: int) -> None:
    assert limit_of(Limits.model_validate(limits), capacity(pods, slots)) == Limit(connections=connections)


@given(
    pods=st.integers(0, 1000),
    slots=st.integers(0, 10_000),
    clients=st.integers(1, 10_000),
    replicas=st.integers(1, 100),
    headroom=st.integers(100, 10_000),
    scope=st.sampled_from(["Client", "Pool"]),
)
def test_a_limit_is_never_zero_and_all_counters_together_let_the_capacity_through(
    pods: int, slots: int, clients: int, replicas: int, headroom: int, scope: Any
) -> None:
    limits = Limits(clients=clients, controller_replicas=replicas, headroom_percent=headroom, scope=scope)
    limit = limit_of(limits, capacity(pods, slots))
    assert limit is not None
    assert limit.connections >= 1
    counters = replicas * (clients if scope == "Client" else 1)
    assert limit.connections * counters >= math.floor(max(1, pods) * slots * headroom / 100)
    more = limit_of(limits, capacity(pods + 1, slots))
    assert more is not None
    assert more.connections >= limit.connections


@given(pods=st.integers(0, 100), service_ms=st.integers(1, 60_000), clients=st.integers(1, 100))
def test_a_rate_is_what_the_pods_compute_and_never_a_trickle(
    pods: int, service_ms: int, clients: int
) -> None:
    limits = Limits(rate="Measured", clients=clients, headroom_percent=100)
    limit = limit_of(limits, capacity(pods, 8, service_ms=service_ms))
    assert limit is not None
    computed = max(1, pods) * 4 * 1000 / service_ms / clients
    if limit.rate is None:
        assert computed < LEAST_RATE
    else:
        assert limit.rate == math.floor(computed) >= LEAST_RATE


@pytest.mark.parametrize("service_ms", [None, 0])
def test_without_a_measured_service_time_there_is_no_rate_and_the_intent_says_so(
    service_ms: int | None,
) -> None:
    ingress = Ingress(class_name="nginx", limits=Limits(rate="Measured"))
    limit = limit_of(ingress.limits, capacity(2, 8, service_ms=service_ms))
    assert limit == Limit(connections=32)
    assert intent_of(ingress, limit).unmeasured


def test_disabled_means_no_limit() -> None:
    ingress = Ingress(class_name="nginx", limits=Limits(mode="Disabled", rate="Measured"))
    assert limit_of(ingress.limits, capacity(2, 8)) is None
    assert not intent_of(ingress, None).unmeasured
