"""Invariants of the decision, over arbitrary rules and demand."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.operator.capacity.strategies import NOW, observations, policies, published
from warmpool_operator.api.schema import structural_schema
from warmpool_operator.api.status import PoolStatus
from warmpool_operator.capacity.arithmetic import target_pods
from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.types import Binding, Bucket, Memory, Observation, Policy
from warmpool_operator.capacity.window import MAX_BUCKETS, held_target, remember


@given(policies, observations, published)
def test_bounds(policy: Policy, seen: Observation, before: int) -> None:
    decision = decide(policy, seen, Memory(published=before), NOW)
    assert min(policy.floor, policy.ceiling) <= decision.desired <= policy.ceiling
    assert decision.unclamped >= decision.desired or decision.desired == policy.ceiling


@given(policies, observations, published)
def test_sufficient_when_everything_answers(policy: Policy, seen: Observation, before: int) -> None:
    policy, seen = replace(policy, scaling_delay_ms=0), replace(seen, silent=0)
    demand = max(seen.running + seen.queued + seen.refused, seen.held)
    decision = decide(policy, seen, Memory(published=before), NOW)
    assert decision.desired >= min(policy.ceiling, target_pods(policy, demand))


@given(
    policies,
    observations,
    published,
    st.sampled_from(["running", "queued", "refused", "held"]),
    st.integers(1, 50),
)
def test_more_demand_never_means_fewer_pods(
    policy: Policy, seen: Observation, before: int, term: str, more: int
) -> None:
    grown = replace(seen, **{term: getattr(seen, term) + more})
    less = decide(policy, seen, Memory(published=before), NOW)
    assert decide(policy, grown, Memory(published=before), NOW).desired >= less.desired


@given(policies, observations, published)
def test_same_input_same_answer_and_a_fixed_point(policy: Policy, seen: Observation, before: int) -> None:
    policy = replace(policy, scale_in_pods=1000, keep_alive_ms=0)
    first = decide(policy, seen, Memory(published=before), NOW)
    again = decide(policy, seen, first.memory, NOW)
    assert again.desired == first.desired


@given(policies, observations, published)
def test_silence_never_shrinks_and_never_grows(policy: Policy, seen: Observation, before: int) -> None:
    blind = Observation(silent=max(1, seen.silent), replicas=seen.replicas)
    floor = min(policy.floor, policy.ceiling)
    decision = decide(policy, blind, Memory(published=before), NOW)
    assert decision.desired >= min(before, policy.ceiling)
    idle = target_pods(policy, 0)
    assert decision.desired <= min(policy.ceiling, max(before, floor, idle))


@given(policies, observations, published, st.data())
def test_revealing_a_silent_pod_stays_within_the_interval(
    policy: Policy, seen: Observation, before: int, data: st.DataObject
) -> None:
    policy = replace(policy, scaling_delay_ms=0, scale_in_pods=1000)
    seen = replace(seen, silent=max(1, seen.silent))
    seen = replace(seen, held=0)
    hidden = data.draw(st.integers(0, seen.silent * policy.concurrency))
    revealed = replace(seen, running=seen.running + hidden, silent=0, answered=seen.answered + seen.silent)
    exact = decide(policy, revealed, Memory(published=0), NOW).desired
    low = decide(policy, replace(seen, silent=0, answered=1), Memory(published=0), NOW).desired
    top = replace(seen, running=seen.running + seen.silent * policy.concurrency, silent=0, answered=1)
    assert low <= exact <= decide(policy, top, Memory(published=0), NOW).desired


@given(policies, st.lists(st.tuples(st.integers(0, 400), st.integers(1, 20_000)), min_size=1, max_size=60))
def test_no_shrink_within_keep_alive_of_a_peak(policy: Policy, steps: list[tuple[int, int]]) -> None:
    memory: Memory | None = None
    now, peaks = NOW, list[tuple[int, int]]()
    for running, gap in steps:
        now += gap
        decision = decide(policy, Observation(running=running, answered=1), memory, now)
        memory = decision.memory
        peaks.append((now, min(policy.ceiling, target_pods(policy, running))))
        lately = [target for at, target in peaks if now - at < policy.keep_alive_ms or at == now]
        assert decision.desired >= max(lately)
        assert len(decision.memory.window) <= MAX_BUCKETS


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9_000)), min_size=1, max_size=200),
    st.sampled_from([0, 1, 10_000, 60_000]),
)
def test_window_holds_every_peak_and_forgets_in_time(steps: list[tuple[int, int]], keep_alive: int) -> None:
    window, now, asked = (), NOW, list[tuple[int, int]]()
    for target, gap in steps:
        now += gap
        window = remember(window, now_ms=now, target=target, keep_alive_ms=keep_alive)
        asked.append((now, target))
        slack = keep_alive // (MAX_BUCKETS - 2) + 1
        least = max(value for at, value in asked if now - at < keep_alive or at == now)
        most = max(value for at, value in asked if now - at < keep_alive + slack or at == now)
        assert least <= held_target(window) <= most
        assert [entry.at_ms for entry in window] == sorted(entry.at_ms for entry in window)
        targets = [entry.target for entry in window]
        assert targets == sorted(set(targets), reverse=True), "an older peak is there because it is higher"
        assert len(window) <= MAX_BUCKETS


def test_an_empty_window_holds_nothing() -> None:
    assert held_target(()) == 0


def test_a_full_window_fits_the_status() -> None:
    window = structural_schema(PoolStatus, defaults=False)["properties"]["memory"]["properties"]["window"]
    assert window["maxItems"] == MAX_BUCKETS


@given(policies, observations, published)
def test_one_binding_term_that_fits_the_numbers(policy: Policy, seen: Observation, before: int) -> None:
    decision = decide(policy, seen, Memory(published=before), NOW)
    terms = decision.terms
    assert terms.demand == max(terms.in_flight + terms.queued + terms.refused, terms.held_requests)
    match decision.binding:
        case Binding.CEILING:
            assert decision.desired == terms.ceiling < decision.unclamped
        case Binding.FLOOR:
            assert decision.desired == terms.floor
        case Binding.DEMAND:
            assert decision.desired == terms.need + terms.buffer
        case Binding.BUFFER:
            assert (decision.desired, terms.demand) == (terms.buffer, 0)
        case Binding.KEEP_ALIVE:
            assert decision.desired <= terms.held
        case Binding.SCALE_IN_STEP:
            assert before - policy.scale_in_pods == decision.desired
        case _:
            assert terms.queued > 0 or terms.silent_pods > 0


def test_a_long_decline_is_folded_into_what_the_status_can_hold() -> None:
    window: tuple[Bucket, ...] = ()
    for tick in range(2_000):
        window = remember(window, now_ms=NOW + 500 * tick, target=2_000 - tick, keep_alive_ms=1_000_000)
    assert MAX_BUCKETS - 3 <= len(window) <= MAX_BUCKETS
    assert held_target(window) >= 1_999
