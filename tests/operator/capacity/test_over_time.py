"""The decision over time: no flapping, steps, zero in the end, and no difference that a restart makes."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.operator.capacity.strategies import NOW, observations, policies, published
from warmpool_operator.capacity.arithmetic import target_pods
from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.pacing import StartBudget
from warmpool_operator.capacity.policy import PolicyMemory
from warmpool_operator.capacity.startup import Startups
from warmpool_operator.capacity.types import Memory, Observation, Policy
from warmpool_operator.reconcile.kept import memory_status, restored

TICK_MS = 500
demands = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 20_000)), min_size=2, max_size=60)


def run(policy: Policy, steps: list[tuple[int, int]], *, start: int) -> list[tuple[int, int]]:
    """Return (time, desired) for running requests after gaps."""
    memory, now, made = Memory(published=start), NOW, []
    for running, gap in steps:
        now += gap
        decision = decide(policy, Observation(running=running, answered=1), memory, now)
        memory = decision.memory
        made.append((now, decision.desired))
    return made


@given(policies, observations, published)
def test_what_stays_the_same_is_decided_the_same(policy: Policy, seen: Observation, before: int) -> None:
    """P9: after one step, but for what a shrink still has to do."""
    policy = replace(policy, scale_in_pods=1000, keep_alive_ms=0)
    memory, desired = Memory(published=before), list[int]()
    for tick in range(5):
        decision = decide(policy, seen, memory, NOW + tick * TICK_MS)
        memory = decision.memory
        desired.append(decision.desired)
    assert len(set(desired)) == 1


@given(policies, demands, published)
def test_a_rise_is_not_followed_by_a_fall_within_keep_alive(
    policy: Policy, steps: list[tuple[int, int]], start: int
) -> None:
    """P9: unless the rise was only the floor's, which needs no holding."""
    policy = replace(policy, floor=0, keep_alive_ms=10_000)
    made = run(policy, steps, start=start)
    for (_, before), (rise_ms, high) in pairwise(made):
        if high > before:
            later = [desired for at, desired in made if rise_ms <= at < rise_ms + policy.keep_alive_ms]
            assert min(later) >= high


@given(policies, demands, published)
def test_a_period_removes_no_more_than_its_step(
    policy: Policy, steps: list[tuple[int, int]], start: int
) -> None:
    """P15: in any span as long as a period, at most two steps' worth; in one tick, one."""
    policy = replace(policy, floor=0, ceiling=1000, scale_in_pods=3)
    made = [(NOW, start), *run(policy, steps, start=start)]
    falls = [(at, max(0, before - after)) for (_, before), (at, after) in pairwise(made)]
    for at, fall in falls:
        assert fall <= 3
        within = sum(each for when, each in falls if at <= when < at + policy.scale_in_period_ms)
        assert within <= 6


@given(policies, published)
def test_zero_is_reached_and_left(policy: Policy, start: int) -> None:
    """P14."""
    policy = replace(policy, floor=0, buffer=0, buffer_at_zero=False, scale_in_pods=1000)
    memory = decide(policy, Observation(replicas=start), None, NOW).memory
    asleep = decide(policy, Observation(), memory, NOW + policy.keep_alive_ms)
    assert asleep.desired == 0
    for sign in (Observation(held=1), Observation(queued=1, oldest_queued_ms=policy.scaling_delay_ms)):
        assert decide(policy, sign, asleep.memory, NOW + policy.keep_alive_ms + 1).desired >= 1


@given(policies, demands, published, st.integers(0, 59), st.integers(0, 30_000))
def test_a_restart_makes_no_difference(
    policy: Policy, steps: list[tuple[int, int]], start: int, at: int, away: int
) -> None:
    """P13: what the status keeps is all that the next decision needs; less of it never means fewer pods."""
    memory: Memory | None = Memory(published=start)
    now = NOW
    for index, (running, gap) in enumerate(steps):
        now += gap
        if index == at % len(steps):
            now += away
            assert memory is not None
            status = memory_status(memory, PolicyMemory(), Startups(), StartBudget())
            kept = restored({"memory": status.to_wire()}).memory
            seen = Observation(running=running, answered=1, replicas=memory.published)
            on = decide(policy, seen, memory, now)
            if memory.window:
                again = decide(policy, seen, kept, now)
                assert (again.desired, again.binding, again.terms) == (on.desired, on.binding, on.terms)
            forgotten = decide(policy, seen, None, now)
            assert forgotten.desired >= on.desired
            assert forgotten.desired >= min(policy.ceiling, memory.published)
        memory = decide(policy, Observation(running=running, answered=1), memory, now).memory


@given(policies, st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_growth_is_never_late_and_never_more_than_asked(policy: Policy, runs: list[int]) -> None:
    """P4 over time: as many pods as demand needs at once, and never more than were ever asked for."""
    made = run(policy, [(running, TICK_MS) for running in runs], start=0)
    asked = [min(policy.ceiling, target_pods(policy, running)) for running in runs]
    floor = min(policy.floor, policy.ceiling)
    for index, (_, desired) in enumerate(made):
        assert desired >= asked[index]
        assert desired <= max(floor, *asked[: index + 1])
