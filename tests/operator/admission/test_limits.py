"""Limits: rounded up, never 0, and in the dialect of ingress-nginx always with multiplier 1."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.admission.limits import Intent, static_intent
from warmpool_operator.admission.nginx import PREFIX, annotations
from warmpool_operator.api.ingress import OWNED_ANNOTATIONS, Limits


@pytest.mark.parametrize(
    ("floor", "slots", "limits", "connections"),
    [
        (1, 24, {}, 48),
        (2, 24, {"headroomPercent": 100}, 48),
        (2, 20, {"headroomPercent": 150, "clients": 4, "controllerReplicas": 2}, 8),
        (1, 1, {"clients": 500}, 1),
        (0, 24, {}, 48),
        (3, 1, {"headroomPercent": 100, "clients": 2}, 2),
    ],
)
def test_static_limit(floor: int, slots: int, limits: dict[str, int], connections: int) -> None:
    intent = static_intent(Limits.model_validate(limits), floor=floor, slots_per_pod=slots)
    assert intent == Intent(connections=connections)


@given(
    floor=st.integers(0, 1000),
    slots=st.integers(1, 10_000),
    clients=st.integers(1, 10_000),
    replicas=st.integers(1, 100),
    headroom=st.integers(100, 10_000),
)
def test_a_limit_is_never_zero_and_all_shares_together_let_the_capacity_through(
    floor: int, slots: int, clients: int, replicas: int, headroom: int
) -> None:
    limits = Limits(clients=clients, controller_replicas=replicas, headroom_percent=headroom)
    intent = static_intent(limits, floor=floor, slots_per_pod=slots)
    assert intent is not None
    assert intent.connections >= 1
    assert intent.connections * clients * replicas >= math.floor(max(1, floor) * slots * headroom / 100)
    written = annotations(intent)
    assert written[f"{PREFIX}/limit-connections"] == str(intent.connections)
    assert written[f"{PREFIX}/limit-burst-multiplier"] == "1"


def test_off_means_no_limit_but_still_balanced_and_retried() -> None:
    intent = static_intent(Limits(mode="Disabled"), floor=3, slots_per_pod=24)
    assert intent is None
    written = annotations(intent)
    assert not [name for name in written if "limit" in name]
    assert written[f"{PREFIX}/load-balance"] == "ewma"
    assert "timeout" not in written[f"{PREFIX}/proxy-next-upstream"]
    assert written[f"{PREFIX}/proxy-next-upstream-tries"] == "2"


@pytest.mark.parametrize("intent", [None, Intent(connections=7, tries=3)])
def test_every_annotation_is_a_string_that_a_pool_may_not_set_itself(intent: Intent | None) -> None:
    for name, value in annotations(intent).items():
        prefix, _, own = name.partition("/")
        assert prefix == PREFIX
        assert own in OWNED_ANNOTATIONS
        assert isinstance(value, str)
