"""Who else scales a workload, and what counts as a hand on it."""

from typing import Any

import pytest

from warmpool_operator.desired.hpa import Bounds
from warmpool_operator.reconcile.rivals import hand_on_scale, scale_is_owned


def deployment(replicas: int, *managers: str) -> dict[str, Any]:
    entries = [{"manager": name, "fieldsV1": {"f:spec": {"f:replicas": {}}}} for name in managers]
    other = {"manager": "kubectl-edit", "fieldsV1": {"f:metadata": {}}}
    return {"metadata": {"managedFields": [other, *entries]}, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(
    ("live", "bounds", "desired", "who"),
    [
        (deployment(5, "kubectl"), Bounds(3, 3), 3, "kubectl"),
        (deployment(5, "kube-controller-manager"), Bounds(3, 3), 3, None),
        (deployment(5, "warmpool-operator-scale"), Bounds(3, 3), 3, None),
        (deployment(0, "warmpool-operator-scale"), Bounds(1, 1), 0, None),
        (deployment(4, "kubectl"), Bounds(2, 6), 2, None),
        (deployment(5, "kubectl"), Bounds(3, 3), 5, None),
        (deployment(5, "kubectl"), None, 3, None),
        (deployment(5), Bounds(3, 3), 3, None),
    ],
    ids=["up", "the HPA", "we", "we, to zero", "in floor mode", "as decided", "no HPA", "unknown"],
)
def test_a_hand_is_whoever_else_wrote_a_number_that_is_not_ours(
    live: dict[str, Any], bounds: Bounds | None, desired: int, who: str | None
) -> None:
    assert hand_on_scale(live, bounds, desired=desired) == who


def test_a_zero_that_we_did_not_write_is_somebodys() -> None:
    asleep = deployment(0)
    assert hand_on_scale(asleep, Bounds(1, 1), desired=1, awake=True) == "somebody"
    assert hand_on_scale(asleep, Bounds(1, 1), desired=1, awake=False) is None
    assert hand_on_scale(asleep, Bounds(1, 1), desired=0, awake=True) is None


def test_whether_hands_are_recorded_at_all() -> None:
    assert scale_is_owned(deployment(1, "warmpool-operator-scale"))
    assert not scale_is_owned(deployment(1))
