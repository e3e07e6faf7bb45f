"""The hands together with an HPA that does what its controller does, at times of its own (P16, P17)."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warmpool_operator.desired.hpa import Bounds, exact, floor
from warmpool_operator.reconcile.hands import held
from warmpool_operator.reconcile.plan import SETTLE_MS, UNKNOWN_COST, plan
from warmpool_operator.reconcile.roster import Member

MakeMember = Callable[..., Member]


def synced(replicas: int, bounds: Bounds, recommended: int) -> int:
    """Return what one sync of the HPA controller makes of a workload: bounds come before every metric."""
    if replicas == 0:
        return 0
    if not bounds.low <= replicas <= bounds.high:
        return min(max(replicas, bounds.low), bounds.high)
    return min(max(recommended, bounds.low), bounds.high)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 12)), min_size=1, max_size=30))
def test_a_workload_follows_the_decision_whatever_the_hpa_recommends(
    member: MakeMember, steps: list[tuple[int, bool, int]]
) -> None:
    ceiling, replicas, live = 9, 1, Bounds(1, 1)
    for desired, hpa_acts, recommended in steps:
        idle = tuple(member(draining=True, out_ms=SETTLE_MS) for _ in range(max(0, replicas - desired)))
        roster = (*idle, *(member() for _ in range(replicas - len(idle))))
        moves = plan(desired=desired, replicas=replicas, roster=roster)
        bounds = exact(held(moves, live))
        assert 1 <= bounds.low <= bounds.high <= max(1, ceiling)
        live = bounds
        if moves.replicas > replicas or (moves.replicas == 0 and replicas == 1):
            replicas = moves.replicas
        if hpa_acts:
            replicas = synced(replicas, live, recommended)
            assert replicas == max(1, desired) or replicas == desired == 0
        assert replicas >= min(desired, replicas)
    # Left alone, the HPA and the next tick bring it to what was decided last.
    replicas = synced(replicas, live, 99)
    if desired == 0 and replicas == 1:
        assert plan(desired=0, replicas=1, roster=()).replicas == 0
    else:
        assert replicas in (desired, max(1, desired))


@given(st.integers(0, 20), st.integers(0, 20))
def test_bounds_are_always_in_order(desired: int, ceiling: int) -> None:
    for bounds in (exact(desired), floor(desired, ceiling)):
        assert 1 <= bounds.low <= bounds.high
    assert floor(desired, ceiling).low == exact(desired).low


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=2, max_size=8))
def test_a_busy_pod_never_costs_less_than_an_idler_one(member: MakeMember, loads: list[int]) -> None:
    """P17."""
    roster = tuple(member(in_flight=load) for load in loads)
    costs = plan(desired=1, replicas=len(loads), roster=roster, retires=False).costs
    priced = sorted((each.in_flight, costs.get(each.view.name, 0)) for each in roster)
    assert [cost for _, cost in priced] == sorted(cost for _, cost in priced)
    assert all((load == 0) == (cost == 0) and cost < UNKNOWN_COST for load, cost in priced)
