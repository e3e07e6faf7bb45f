"""The HPA: complete, exact, and never able to ask for no pods."""

import pytest

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.hpa import Bounds, bounds_of, exact, horizontal_pod_autoscaler
from warmpool_operator.desired.pool import Pool

POOL = Pool(
    namespace="ns",
    name="m",
    uid="u-1",
    generation=1,
    spec=PoolSpec.model_validate(
        {
            "model": {"name": "m", "source": {"baked": {}}},
            "server": {"image": "m:1"},
            "scaling": {"maxReplicas": 3},
        }
    ),
)


@pytest.mark.parametrize(("desired", "pods"), [(0, 1), (1, 1), (4, 4)])
def test_exact_bounds_leave_no_choice_and_are_never_zero(desired: int, pods: int) -> None:
    assert exact(desired) == Bounds(pods, pods)


def test_bounds_come_back_as_written() -> None:
    manifest = horizontal_pod_autoscaler(POOL, Bounds(2, 5))
    assert bounds_of(manifest) == Bounds(2, 5)
    assert bounds_of({"spec": {"maxReplicas": 4}}) == Bounds(1, 4)


def test_the_apply_is_complete() -> None:
    """A field left out of an apply is given up, and the API server then fills in a default of its own."""
    spec = horizontal_pod_autoscaler(POOL, exact(2))["spec"]
    assert spec.keys() == {"scaleTargetRef", "minReplicas", "maxReplicas", "metrics"}
    assert spec["metrics"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "m"}
