"""Where the HPA is held while a workload has more pods than were ever asked for."""

import pytest

from warmpool_operator.desired.hpa import Bounds
from warmpool_operator.reconcile.hands import held
from warmpool_operator.reconcile.plan import Plan


@pytest.mark.parametrize(
    ("desired", "replicas", "live", "wanted"),
    [
        (4, 4, None, 4),
        (4, 4, Bounds(1, 1), 4),
        (2, 4, Bounds(4, 4), 4),
        (2, 3, Bounds(4, 4), 3),
        (2, 50, Bounds(2, 2), 2),
        (3, 50, Bounds(2, 2), 3),
        (1, 1, Bounds(1, 9), 1),
    ],
    ids=["new", "grows", "waits", "shrinks", "scaled by hand", "scaled by hand while it grows", "edited"],
)
def test_a_shrink_never_raises_the_bounds(
    desired: int, replicas: int, live: Bounds | None, wanted: int
) -> None:
    assert held(Plan(desired=desired, replicas=replicas), live) == wanted
