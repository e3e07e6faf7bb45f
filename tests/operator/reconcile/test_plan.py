"""Moves: which bounds, which pods retire, which come back."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.pacing import Pace
from warmpool_operator.observe.diagnosis import Trouble
from warmpool_operator.observe.pods import Stage
from warmpool_operator.reconcile.plan import SETTLE_MS, floor_plan, plan
from warmpool_operator.reconcile.roster import Member

MakeMember = Callable[..., Member]


def test_growing_raises_the_bounds_at_once_even_while_pods_load(member: MakeMember) -> None:
    moves = plan(desired=5, replicas=2, roster=(member(), member(stage=Stage.SETUP)))
    assert (moves.replicas, moves.retire, moves.restore, moves.blocked) == (5, (), (), None)


def test_demand_that_returns_brings_retired_pods_back(member: MakeMember) -> None:
    retired = member(draining=True)
    moves = plan(desired=2, replicas=2, roster=(member(), retired))
    assert (moves.replicas, moves.restore) == (2, (retired,))


def test_a_shrink_first_retires_the_idlest_and_keeps_the_bounds(member: MakeMember) -> None:
    busy, idle = member(in_flight=3), member()
    moves = plan(desired=1, replicas=2, roster=(busy, idle))
    assert (moves.replicas, moves.retire) == (2, (idle,))
    assert moves.blocked is not None
    assert moves.blocked[0] == Reason.PODS_BUSY


def test_a_pod_that_was_just_retired_and_does_not_answer_is_not_replaced_by_the_last_that_serves(
    member: MakeMember,
) -> None:
    retired, silent, serving = member(draining=True, ready=True), member(silent=True), member()
    moves = plan(desired=1, replicas=3, roster=(retired, silent, serving))
    assert (moves.replicas, moves.retire) == (3, ())
    assert moves.blocked is not None
    assert "1 more do not answer" in moves.blocked[1]


def test_bounds_follow_once_the_retired_pod_is_idle_unready_and_settled(member: MakeMember) -> None:
    serving = member(in_flight=1)
    gone = member(draining=True, out_ms=SETTLE_MS)
    assert plan(desired=1, replicas=2, roster=(serving, gone)).replicas == 1
    for waiting in (
        member(draining=True, out_ms=SETTLE_MS - 1),
        member(draining=True, out_ms=SETTLE_MS, in_flight=1),
        member(draining=True, out_ms=SETTLE_MS, ready=True),
    ):
        moves = plan(desired=1, replicas=2, roster=(serving, waiting))
        assert (moves.replicas, moves.retire, moves.restore) == (2, (), ())


def test_partial_return_brings_back_the_busiest(member: MakeMember) -> None:
    quiet, busy = member(draining=True), member(draining=True, in_flight=2)
    moves = plan(desired=2, replicas=3, roster=(member(), quiet, busy))
    assert (moves.replicas, moves.restore, moves.retire) == (3, (busy,), ())


def test_no_shrink_while_pods_load(member: MakeMember) -> None:
    moves = plan(desired=1, replicas=3, roster=(member(), member(), member(stage=Stage.SETUP)))
    assert (moves.replicas, moves.retire) == (3, ())
    assert moves.blocked is not None
    assert moves.blocked[0] == Reason.PODS_LOADING


def test_broken_pods_go_first_and_need_no_retiring(member: MakeMember) -> None:
    broken = member(stage=Stage.FAILED, trouble=Trouble("ImagePull", "no such image"))
    moves = plan(desired=1, replicas=2, roster=(member(in_flight=5), broken))
    assert (moves.replicas, moves.retire, moves.blocked) == (1, (), None)


def test_pods_that_do_not_exist_yet_need_no_retiring(member: MakeMember) -> None:
    assert plan(desired=1, replicas=4, roster=(member(),)).replicas == 1


def test_pods_that_wait_for_their_deletion_are_not_brought_back(member: MakeMember) -> None:
    gone = tuple(member(draining=True, out_ms=SETTLE_MS) for _ in range(4))
    for replicas in (5, 4, 1):
        moves = plan(desired=1, replicas=replicas, roster=(member(), *gone))
        assert (moves.replicas, moves.restore, moves.retire) == (1, (), ())


def test_broken_pods_are_no_reason_to_leave_warm_ones_retired(member: MakeMember) -> None:
    retired = tuple(member(draining=True) for _ in range(3))
    broken = tuple(member(stage=Stage.FAILED, trouble=Trouble("CrashLoop", "")) for _ in range(2))
    assert plan(desired=3, replicas=5, roster=(*retired, *broken)).restore == retired


def test_a_pace_holds_growth_and_not_a_shrink(member: MakeMember) -> None:
    assert plan(desired=9, pace=Pace(pods=4), replicas=2, roster=(member(), member())).replicas == 4
    gone = member(draining=True, out_ms=SETTLE_MS)
    assert plan(desired=1, pace=Pace(pods=1), replicas=2, roster=(member(), gone)).replicas == 1


def test_servers_that_cannot_be_retired_are_priced_by_what_they_do(member: MakeMember) -> None:
    idle, busy, busier, silent = member(), member(in_flight=1), member(in_flight=9), member(silent=True)
    moves = plan(desired=1, replicas=4, roster=(idle, busy, busier, silent), retires=False)
    assert (moves.replicas, moves.retire) == (1, ())
    name = {each.view.name for each in (idle,)}
    assert not name & moves.costs.keys(), "an idle pod costs nothing"
    costs = [moves.costs[each.view.name] for each in (busy, busier, silent)]
    assert costs == sorted(costs)
    assert len(set(costs)) == 3
    assert plan(desired=4, replicas=4, roster=(idle, busy), retires=False).costs == {}, "no shrink, no price"


def test_what_an_hpa_adds_is_left_to_it(member: MakeMember) -> None:
    roster = (member(), member(in_flight=2), member(draining=True))
    moves = floor_plan(desired=1, pace=Pace(pods=1), replicas=3, roster=roster)
    assert (moves.replicas, moves.retire, moves.restore) == (1, (), roster[2:])
    assert moves.costs == {roster[1].view.name: 2}
    assert floor_plan(desired=3, pace=Pace(pods=3), replicas=3, roster=roster).costs == {}


def test_the_last_pod_goes_the_same_way_as_any_other(member: MakeMember) -> None:
    last = member()
    assert plan(desired=0, replicas=1, roster=(last,)).retire == (last,)
    assert plan(desired=0, replicas=1, roster=(member(draining=True),)).replicas == 1
    gone = member(draining=True, out_ms=SETTLE_MS)
    assert plan(desired=0, replicas=1, roster=(gone,)).replicas == 0
    assert plan(desired=1, replicas=1, roster=(gone,)).restore == (gone,), (
        "a request in between wakes it at once"
    )


stages = st.sampled_from(["idle", "busy", "silent", "retired", "gone", "failed"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(desired=st.integers(0, 12), kinds=st.lists(stages, max_size=12), absent=st.integers(0, 3))
def test_a_shrink_never_goes_below_the_decision_and_never_removes_a_serving_pod(
    member: MakeMember, desired: int, kinds: list[str], absent: int
) -> None:
    makers: dict[str, dict[str, object]] = {
        "idle": {},
        "busy": {"in_flight": 4},
        "silent": {"silent": True},
        "retired": {"draining": True, "in_flight": 1},
        "gone": {"draining": True, "out_ms": SETTLE_MS},
        "failed": {"stage": Stage.FAILED},
    }
    roster = tuple(member(**makers[kind]) for kind in kinds)
    replicas = len(roster) + absent
    moves = plan(desired=desired, replicas=replicas, roster=roster)
    assert moves.replicas >= desired
    removed = max(0, replicas - moves.replicas)
    free = absent + sum(1 for each in roster if not each.view.ready)
    assert removed <= free
    assert not set(moves.retire) & set(moves.restore)
    # A silent pod may have been told to retire a moment ago: only those that answer are known to stay.
    answering = sum(1 for each in roster if each.serving and not each.silent)
    assert answering - len(moves.retire) + len(moves.restore) >= min(desired, answering)
