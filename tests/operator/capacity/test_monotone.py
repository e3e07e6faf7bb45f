"""Which way the decision moves when a rule does: more of what asks for pods never means fewer of them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.operator.capacity.strategies import NOW, observations, policies, published
from warmpool_operator.capacity.arithmetic import buffer_pods, need_pods
from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.types import Bucket, Memory, Observation, Policy


def desired(policy: Policy, seen: Observation, before: int, window: tuple[Bucket, ...] = ()) -> int:
    return decide(policy, seen, Memory(published=before, window=window), NOW).desired


@pytest.mark.parametrize("rule", ["floor", "ceiling", "buffer", "buffer_percent"])
@given(policy=policies, seen=observations, before=published, more=st.integers(1, 20))
def test_rules_that_ask_for_pods(
    rule: str, policy: Policy, seen: Observation, before: int, more: int
) -> None:
    asked = replace(policy, **{rule: getattr(policy, rule) + more})
    assert desired(asked, seen, before) >= desired(policy, seen, before)


@pytest.mark.parametrize("rule", ["concurrency", "utilization_percent"])
@given(policy=policies, seen=observations, before=published, more=st.integers(1, 20))
def test_a_pod_that_does_more_means_fewer_pods(
    rule: str, policy: Policy, seen: Observation, before: int, more: int
) -> None:
    # Of silent pods each may hide as much as a pod can do, so for them it is the other way round.
    seen = replace(seen, silent=0, answered=1)
    able = replace(policy, **{rule: min(100, getattr(policy, rule) + more)})
    assert desired(able, seen, before) <= desired(policy, seen, before)


@given(policies, observations, published, st.integers(1, 400_000), st.integers(0, 300_000), published)
def test_a_longer_memory_holds_at_least_as_much(
    policy: Policy, seen: Observation, before: int, more: int, age: int, peak: int
) -> None:
    window = (Bucket(NOW - age, peak),)
    longer = replace(policy, keep_alive_ms=policy.keep_alive_ms + more)
    assert desired(longer, seen, before, window) >= desired(policy, seen, before, window)


@given(policies, observations, published, published)
def test_pods_that_load_are_not_in_the_formula(
    policy: Policy, seen: Observation, before: int, replicas: int
) -> None:
    """P5: what the workload is asked to have matters to an empty memory alone, so nothing can cascade."""
    assert desired(policy, seen, before) == desired(policy, replace(seen, replicas=replicas), before)


@given(policies, observations, published)
def test_a_young_queue_never_adds_pods(policy: Policy, seen: Observation, before: int) -> None:
    """P10: and what is computed, refused or held is never delayed."""
    policy = replace(policy, scaling_delay_ms=10_000)
    seen = replace(seen, oldest_queued_ms=9_999, silent=0, answered=1)
    without = decide(policy, replace(seen, queued=0), Memory(published=before), NOW)
    made = decide(policy, seen, Memory(published=before), NOW)
    assert made.desired <= max(before, without.desired)
    assert made.desired >= without.desired
    old = replace(seen, oldest_queued_ms=10_000)
    undelayed = replace(policy, scaling_delay_ms=0)
    assert desired(policy, old, before) == desired(undelayed, old, before)


@given(policies, st.integers(0, 400))
def test_the_larger_buffer_counts_and_never_their_sum(policy: Policy, demand: int) -> None:
    """P12."""
    policy = replace(policy, buffer_at_zero=True)
    absolute = buffer_pods(replace(policy, buffer_percent=0), demand)
    percent = buffer_pods(replace(policy, buffer=0), demand)
    assert buffer_pods(policy, demand) == max(absolute, percent)
    assert absolute == policy.buffer
    assert percent * 100 * policy.divisor >= demand * policy.buffer_percent
    assert need_pods(policy, demand) * policy.divisor >= demand


@given(policies, observations, published)
def test_nothing_but_whole_numbers_comes_out(policy: Policy, seen: Observation, before: int) -> None:
    made = decide(policy, seen, Memory(published=before), NOW)
    numbers = [made.desired, made.unclamped, made.memory.step_removed, *vars(made.terms).values()]
    assert all(isinstance(each, int | str) and not isinstance(each, bool) for each in numbers)
