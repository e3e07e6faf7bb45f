"""What holds at one instant, and what a decision says of it."""

from typing import Any

from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.explain import sentence
from warmpool_operator.capacity.policy import Effective, PolicyMemory, effective, policy_of
from warmpool_operator.capacity.signals import Interval
from warmpool_operator.capacity.types import Binding, Bucket, Memory, Observation, Policy

NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z
BUSY = {"name": "busy", "signal": "inFlight", "enter": 10, "exit": 5, "forSeconds": 0}
OVERRIDE = {"name": "launch", "until": "2026-11-23T12:00:10Z"}


def at(now_ms: int, *, in_flight: int = 0, memory: PolicyMemory | None = None, **scaling: Any) -> Effective:
    return effective(
        Scaling.model_validate({"minReplicas": 1, "maxReplicas": 20} | scaling),
        container_concurrency=1,
        auto_lead_ms=0,
        signals={"inFlight": Interval(in_flight, in_flight)},
        memory=memory or PolicyMemory(),
        now_ms=now_ms,
    )


def test_an_override_vanishes_at_its_end() -> None:
    overrides = [OVERRIDE | {"minReplicas": 3, "maxReplicas": 5, "concurrencyBuffer": 2}]
    during, after = at(NOON + 9_999, overrides=overrides), at(NOON + 10_000, overrides=overrides)
    assert (during.policy.floor, during.policy.ceiling, during.policy.buffer) == (3, 5, 2)
    assert (during.policy.floor_source, during.next_edge_ms) == ("override launch", NOON + 10_000)
    assert after == at(NOON + 10_000)


def test_an_override_can_lower_what_overrides_can_and_raise_nothing_above_the_ceiling() -> None:
    assert at(NOON, concurrencyBuffer=4, overrides=[OVERRIDE | {"concurrencyBuffer": 0}]).policy.buffer == 0
    lower = at(NOON, minReplicas=2, overrides=[OVERRIDE | {"minReplicas": 1}]).policy
    assert (lower.floor, lower.floor_source) == (2, "scaling.minReplicas")
    assert at(NOON, overrides=[OVERRIDE | {"maxReplicas": 30}]).policy.ceiling == 20


def test_of_several_overrides_the_largest_buffer_counts_and_of_equal_bounds_the_first_has_the_name() -> None:
    first = OVERRIDE | {"minReplicas": 3, "maxReplicas": 5, "concurrencyBuffer": 1}
    policy = at(NOON, overrides=[first, first | {"name": "second", "concurrencyBuffer": 4}]).policy
    assert policy.buffer == 4
    assert {policy.floor_source, policy.ceiling_source} == {"override launch"}


def test_until_is_read_with_its_zone() -> None:
    east = [OVERRIDE | {"until": "2026-11-23T13:00:10.500+01:00", "minReplicas": 3}]
    assert at(NOON, overrides=east).next_edge_ms == NOON + 10_500


def test_a_threshold_adds_a_floor_or_a_share_of_demand() -> None:
    floor = at(NOON, in_flight=11, thresholds=[BUSY | {"minReplicas": 4}])
    assert (floor.policy.floor, floor.policy.floor_source) == (4, "threshold busy")
    assert floor.policy.buffer_percent == 0
    share = at(NOON, in_flight=11, thresholds=[BUSY | {"factorPercent": 130}])
    assert (share.policy.floor, share.policy.buffer_percent) == (1, 30)
    decision = decide(share.policy, Observation(running=11, answered=1), None, NOON)
    assert (decision.desired, decision.terms.need, decision.terms.buffer) == (15, 11, 4)
    left = at(NOON, in_flight=11, concurrencyBufferPercent=50, thresholds=[BUSY | {"factorPercent": 130}])
    assert left.policy.buffer_percent == 50, "the larger counts"


def test_a_threshold_is_remembered() -> None:
    thresholds = [BUSY | {"minReplicas": 4, "holdSeconds": 10}]
    entered = at(NOON, in_flight=11, thresholds=thresholds)
    assert at(NOON + 500, in_flight=0, thresholds=thresholds, memory=entered.memory).policy.floor == 4
    assert at(NOON + 500, in_flight=0, thresholds=thresholds).policy.floor == 1


def test_the_sentence_names_what_set_the_bounds() -> None:
    shop = {"name": "shop-hours", "start": "0 12 * * *", "timeZone": "UTC", "durationSeconds": 60}
    floor = at(NOON, schedules=[shop | {"minReplicas": 8}])
    assert sentence(decide(floor.policy, Observation(), None, NOON)) == (
        "8 pods: the floor of 8 from schedule shop-hours; 0 requests need 0, plus a buffer of 0"
    )
    ceiling = at(NOON, schedules=[shop | {"maxReplicas": 3}])
    decision = decide(ceiling.policy, Observation(running=9, answered=1), None, NOON)
    assert sentence(decision) == "3 pods: the ceiling of 3 from schedule shop-hours; 9 would be needed"
    assert (decision.terms.floor_source, decision.terms.ceiling_source) == (
        "scaling.minReplicas",
        "schedule shop-hours",
    )


def test_a_floor_falls_with_its_window_whatever_keep_alive_is() -> None:
    shop = {"name": "shop", "start": "0 12 * * *", "timeZone": "UTC", "durationSeconds": 60, "minReplicas": 8}
    memory, desired = Memory(published=1, window=(Bucket(NOON, 1),)), {}
    for second in range(62):
        now = NOON + second * 1000
        rules = at(now, schedules=[shop], keepAliveSeconds=600)
        decision = decide(rules.policy, Observation(answered=8), memory, now)
        memory, desired[second] = decision.memory, decision.desired
    assert (desired[0], desired[59], desired[60]) == (8, 8, 1)


def test_a_floor_that_ends_leaves_what_demand_holds() -> None:
    shop = {"name": "shop", "start": "0 12 * * *", "timeZone": "UTC", "durationSeconds": 60, "minReplicas": 8}
    busy = decide(at(NOON, schedules=[shop]).policy, Observation(running=5, answered=8), None, NOON)
    after = decide(at(NOON + 60_000).policy, Observation(answered=8), busy.memory, NOON + 60_000)
    assert (after.desired, after.binding) == (5, Binding.KEEP_ALIVE)


def test_every_number_of_the_spec_arrives_in_its_own_unit() -> None:
    scaling = Scaling.model_validate(
        {
            "minReplicas": 2,
            "maxReplicas": 30,
            "concurrencyBuffer": 3,
            "concurrencyBufferPercent": 40,
            "bufferMode": "WhenActive",
            "targetUtilizationPercent": 50,
            "scalingDelaySeconds": 6,
            "keepAliveSeconds": 70,
            "scaleIn": {"maxPods": 8, "periodSeconds": 9},
        }
    )
    assert policy_of(scaling, container_concurrency=10) == Policy(
        floor=2,
        ceiling=30,
        concurrency=10,
        utilization_percent=50,
        buffer=3,
        buffer_percent=40,
        buffer_at_zero=False,
        scaling_delay_ms=6_000,
        keep_alive_ms=70_000,
        scale_in_pods=8,
        scale_in_period_ms=9_000,
    )


def test_a_ceiling_of_the_namespace_is_named_where_it_is_the_strictest() -> None:
    scaling = Scaling.model_validate({"minReplicas": 3, "maxReplicas": 8})
    for share, ceiling, source in (
        (None, 8, "scaling.maxReplicas"),
        (8, 8, "scaling.maxReplicas"),
        (7, 7, "the namespace's ceiling"),
        (0, 0, "the namespace's ceiling"),
    ):
        rules = effective(
            scaling,
            container_concurrency=1,
            auto_lead_ms=0,
            signals={},
            memory=PolicyMemory(),
            now_ms=NOON,
            namespace_ceiling=share,
        )
        assert (rules.policy.ceiling, rules.policy.ceiling_source) == (ceiling, source)
