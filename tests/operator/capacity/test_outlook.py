"""The next change that is known beforehand."""

from dataclasses import replace

from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.outlook import Transition, next_transition
from warmpool_operator.capacity.types import Binding, Bucket, Decision, Memory, Observation, Policy

NOW = 1_700_000_000_000
POLICY = Policy(floor=1, ceiling=9, keep_alive_ms=60_000, scale_in_pods=1, scale_in_period_ms=10_000)


def after(decision: Decision, *, edge: int | None = None, retry: int = 0) -> Transition | None:
    return next_transition(POLICY, decision, next_edge_ms=edge, retry_at_ms=retry, now_ms=NOW)


def test_keep_alive_ends_when_its_peak_is_old_enough() -> None:
    held = decide(POLICY, Observation(), Memory(published=6, window=(Bucket(NOW - 20_000, 6),)), NOW)
    assert held.binding is Binding.KEEP_ALIVE
    found = after(held)
    assert found is not None
    assert found.at_ms == NOW + 40_000
    window = held.memory.window
    assert decide(POLICY, Observation(), held.memory, found.at_ms - 1).desired == 6
    assert decide(POLICY, Observation(), replace(held.memory, window=window), found.at_ms).desired == 5


def test_a_step_of_a_shrink_is_followed_by_the_next() -> None:
    stepped = decide(POLICY, Observation(), Memory(published=6), NOW)
    assert stepped.binding is Binding.SCALE_IN_STEP
    assert after(stepped) == Transition(at_ms=NOW + 10_000, what="the next step of scaleIn")


def test_the_earliest_of_several_counts_and_the_past_does_not() -> None:
    settled = decide(POLICY, Observation(), Memory(published=1), NOW)
    assert after(settled) is None
    assert after(settled, edge=NOW, retry=NOW) is None
    edge, retry = after(settled, edge=NOW + 5), after(settled, edge=NOW + 5, retry=NOW + 4)
    assert edge is not None
    assert retry is not None
    assert (edge.at_ms, retry.at_ms) == (NOW + 5, NOW + 4)
    assert "schedule" in edge.what
    assert "start" in retry.what
