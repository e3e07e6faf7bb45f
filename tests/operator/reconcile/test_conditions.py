"""Conditions: what they say, and when their time moves."""

from collections.abc import Callable

from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.types import Decision, Memory, Observation, Policy
from warmpool_operator.observe.diagnosis import Trouble
from warmpool_operator.observe.pods import Stage
from warmpool_operator.reconcile.conditions import Finding, findings, merge
from warmpool_operator.reconcile.roster import Member, count

MakeMember = Callable[..., Member]


def decision(*, floor: int = 2, ceiling: int = 4, **seen: int) -> Decision:
    return decide(Policy(floor=floor, ceiling=ceiling), Observation(**seen), Memory(published=floor), 1000)


def found(
    roster: tuple[Member, ...], made: Decision, blocked: tuple[str, str] | None = None
) -> dict[str, Finding]:
    return {finding.type: finding for finding in findings(roster, count(roster), made, blocked=blocked)}


def test_one_warm_pod_is_ready_but_below_the_floor(member: MakeMember) -> None:
    said = found((member(), member(stage=Stage.SETUP)), decision())
    assert said[Type.READY].holds
    assert not said[Type.WARM].holds
    assert said[Type.WARM].message == "1 warm pods, 1 short of the floor of 2"
    assert (said[Type.PROGRESSING].holds, said[Type.PROGRESSING].reason) == (True, Reason.WARMING_UP)


def test_a_pod_that_cannot_start_says_why_on_ready_and_on_startup_failing(member: MakeMember) -> None:
    trouble = Trouble(Reason.IMAGE_PULL, "nowhere/image:1: not found")
    said = found((member(stage=Stage.FAILED, trouble=trouble),), decision())
    assert not said[Type.READY].holds
    assert "nowhere/image:1" in said[Type.READY].message
    assert (said[Type.STARTUP_FAILING].holds, said[Type.STARTUP_FAILING].reason) == (True, Reason.IMAGE_PULL)


def test_unschedulable_is_not_a_failing_start(member: MakeMember) -> None:
    trouble = Trouble(Reason.NO_NODE, "0/1 nodes are available: 1 Insufficient cpu")
    said = found((member(stage=Stage.PENDING, trouble=trouble),), decision())
    assert said[Type.UNSCHEDULABLE].holds
    assert not said[Type.STARTUP_FAILING].holds


def test_the_ceiling_tells_the_number_that_would_do(member: MakeMember) -> None:
    said = found((member(in_flight=9),), decision(running=9, answered=1))
    assert said[Type.SCALING_LIMITED].holds
    assert said[Type.SCALING_LIMITED].message == "9 pods are needed, scaling.maxReplicas is 4"


def test_silence_and_blindness_differ(member: MakeMember) -> None:
    some = found((member(), member(silent=True)), decision(answered=1, silent=1))
    none = found((member(silent=True),), decision(silent=1, replicas=1))
    assert some[Type.METRICS_FRESH].reason == Reason.PODS_SILENT
    assert none[Type.METRICS_FRESH].reason == Reason.BLIND


def test_states_are_counted_once(member: MakeMember) -> None:
    roster = (
        member(),
        member(in_flight=2),
        member(draining=True),
        member(terminating=True, ready=False),
        member(stage=Stage.PENDING),
        member(stage=Stage.IMAGE_PULL),
        member(stage=Stage.SETUP),
        member(stage=Stage.FAILED),
        member(ready=False),
    )
    pods = count(roster)
    assert (pods.idle, pods.running, pods.ready, pods.draining, pods.failed) == (1, 1, 2, 2, 1)
    assert (pods.pending, pods.image_pull, pods.setup, pods.warming) == (1, 1, 2, 4)


def test_a_pool_at_zero_is_not_ready_and_says_that_this_is_meant() -> None:
    said = found((), decision(floor=0))
    assert (said[Type.READY].holds, said[Type.READY].reason) == (False, Reason.SCALED_TO_ZERO)
    assert said[Type.WARM].holds
    assert said[Type.PROGRESSING].reason == Reason.SETTLED


def test_transition_time_moves_only_with_the_status() -> None:
    before = {Type.READY: ("True", "2026-01-01T00:00:00Z"), Type.WARM: ("True", "2026-01-01T00:00:00Z")}
    news = [Finding(Type.READY, True, "Other", "new words"), Finding(Type.WARM, False, "BelowFloor")]
    ready, warm = merge(news, before, generation=3, now="2026-02-02T00:00:00Z")
    assert (ready.last_transition_time, ready.message) == ("2026-01-01T00:00:00Z", "new words")
    assert (warm.last_transition_time, warm.status) == ("2026-02-02T00:00:00Z", "False")


def test_pods_that_the_api_server_rejects_are_explained(member: MakeMember) -> None:
    made = decision()
    why = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": host namespaces'
    said = {
        each.type: each for each in findings((), count(()), made, rejected=Trouble(Reason.PODS_REJECTED, why))
    }
    assert (said[Type.STARTUP_FAILING].holds, said[Type.STARTUP_FAILING].reason) == (
        True,
        Reason.PODS_REJECTED,
    )
    assert why in said[Type.READY].message


def test_a_rollout_that_cannot_go_on_is_not_a_shrink(member: MakeMember) -> None:
    broken = member(stage=Stage.FAILED, trouble=Trouble(Reason.IMAGE_PULL, "gone"))
    said = found((member(), member(), broken), decision())
    assert said[Type.PROGRESSING].reason == Reason.ROLLING_OUT
