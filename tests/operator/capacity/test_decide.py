"""Vectors of the decision: small enough to check by hand."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.explain import sentence
from warmpool_operator.capacity.types import Binding, Bucket, Memory, Observation, Policy

NOW = 1_700_000_000_000


@dataclass(frozen=True)
class Vector:
    """One decision: rules, what was seen, what was published before, and the answer."""

    name: str
    desired: int
    binding: Binding
    policy: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    published: int = 0
    window: tuple[Bucket, ...] = ()
    unclamped: int | None = None


VECTORS = [
    Vector("buffer above demand", 6, Binding.DEMAND, {"buffer": 2}, {"running": 4}),
    Vector("concurrency divides", 5, Binding.DEMAND, {"concurrency": 4, "buffer": 2}, {"running": 10}),
    Vector("percent buffer", 4, Binding.DEMAND, {"concurrency": 4, "buffer_percent": 20}, {"running": 10}),
    Vector(
        "larger of both buffers",
        12,
        Binding.DEMAND,
        {"buffer": 1, "buffer_percent": 20, "ceiling": 20},
        {"running": 10},
    ),
    Vector("percent rounds up", 2, Binding.DEMAND, {"buffer_percent": 1, "floor": 0}, {"running": 1}),
    Vector("idle pool keeps its buffer", 3, Binding.BUFFER, {"floor": 2, "buffer": 3}),
    Vector("WhenActive drops it", 2, Binding.FLOOR, {"floor": 2, "buffer": 3, "buffer_at_zero": False}),
    Vector("queue alone", 3, Binding.DEMAND, {"concurrency": 4, "buffer": 1}, {"queued": 7}),
    Vector("refused demand counts", 3, Binding.DEMAND, {"concurrency": 4}, {"running": 4, "refused": 8}),
    Vector("held requests wake", 1, Binding.DEMAND, {"floor": 0, "concurrency": 8}, {"held": 3}),
    Vector("who came back is not counted twice", 3, Binding.DEMAND, {}, {"running": 3, "held": 2}),
    Vector(
        "held requests never wait",
        2,
        Binding.SCALING_DELAY,
        {"floor": 0, "scaling_delay_ms": 30_000},
        {"held": 2, "queued": 5, "oldest_queued_ms": 3_000},
    ),
    Vector("nothing at all", 0, Binding.FLOOR, {"floor": 0}, published=1),
    Vector(
        "young queue waits",
        2,
        Binding.SCALING_DELAY,
        {"scaling_delay_ms": 30_000},
        {"running": 2, "queued": 5, "oldest_queued_ms": 3_000},
        published=2,
    ),
    Vector(
        "one young request waits as well",
        2,
        Binding.SCALING_DELAY,
        {"scaling_delay_ms": 30_000},
        {"running": 2, "queued": 1, "oldest_queued_ms": 29_999},
        published=2,
    ),
    Vector(
        "old queue counts",
        7,
        Binding.DEMAND,
        {"scaling_delay_ms": 30_000},
        {"running": 2, "queued": 5, "oldest_queued_ms": 31_000},
        published=2,
    ),
    Vector(
        "in-flight never waits",
        4,
        Binding.SCALING_DELAY,
        {"scaling_delay_ms": 30_000, "concurrency": 2, "buffer": 1},
        {"running": 6, "queued": 5, "oldest_queued_ms": 3_000},
        published=2,
    ),
    Vector(
        "two silent pods hide up to x each",
        3,
        Binding.SILENT_PODS,
        {"concurrency": 4},
        {"running": 1, "answered": 3, "silent": 2},
        published=5,
    ),
    Vector(
        "four silent pods hold",
        5,
        Binding.SILENT_PODS,
        {"concurrency": 4},
        {"running": 1, "answered": 1, "silent": 4},
        published=5,
    ),
    Vector("blind holds", 3, Binding.BLIND, {"concurrency": 8}, {"silent": 3}, published=3),
    Vector("ceiling", 10, Binding.CEILING, {"buffer": 3}, {"running": 17}, unclamped=20),
    Vector("floor above ceiling", 5, Binding.FLOOR, {"floor": 8, "ceiling": 5}, unclamped=8),
    Vector(
        "peak thirty seconds ago",
        6,
        Binding.KEEP_ALIVE,
        {"floor": 0, "keep_alive_ms": 60_000},
        published=6,
        window=(Bucket(NOW - 30_000, 6),),
    ),
    Vector(
        "peak seventy seconds ago",
        0,
        Binding.FLOOR,
        {"floor": 0, "keep_alive_ms": 60_000},
        published=6,
        window=(Bucket(NOW - 70_000, 6),),
    ),
    Vector(
        "one step at a time", 7, Binding.SCALE_IN_STEP, {"scale_in_pods": 2}, {"answered": 9}, published=9
    ),
    Vector(
        "utilization shrinks x",
        3,
        Binding.DEMAND,
        {"concurrency": 10, "utilization_percent": 70},
        {"running": 15},
    ),
    Vector("lower ceiling acts at once", 4, Binding.CEILING, {"ceiling": 4}, {"running": 9}, published=9),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(vector: Vector) -> None:
    policy = Policy(**{"floor": 1, "ceiling": 10, **vector.policy})
    memory = Memory(published=vector.published, window=vector.window)
    decision = decide(policy, Observation(**vector.seen), memory, NOW)
    assert (decision.desired, decision.binding) == (vector.desired, vector.binding)
    if vector.unclamped is not None:
        assert decision.unclamped == vector.unclamped
    assert sentence(decision).startswith(f"{vector.desired} pod")


def test_empty_memory_never_shrinks_within_keep_alive() -> None:
    policy = Policy(floor=1, ceiling=10, keep_alive_ms=60_000)
    first = decide(policy, Observation(replicas=6), None, NOW)
    assert first.desired == 6
    assert decide(policy, Observation(replicas=6), first.memory, NOW + 59_000).desired == 6
    assert decide(policy, Observation(replicas=6), first.memory, NOW + 60_000).desired == 1


def test_step_budget_returns_with_the_next_period() -> None:
    policy = Policy(floor=1, ceiling=10, scale_in_pods=2, scale_in_period_ms=10_000)
    memory = Memory(published=9)
    desired = []
    for second in range(0, 30, 5):
        decision = decide(policy, Observation(answered=9), memory, NOW + second * 1000)
        memory = decision.memory
        desired.append(decision.desired)
    assert desired == [7, 7, 5, 5, 3, 3]


def test_a_policy_that_sets_no_limits_has_none() -> None:
    policy = Policy(floor=0, ceiling=5, concurrency=100)
    assert (policy.divisor, policy.keep_alive_ms) == (100, 0)
    assert policy.scale_in_pods >= 1_000_000
    assert policy.scale_in_period_ms == 60_000


def test_blind_at_the_floor_is_the_floor() -> None:
    decision = decide(Policy(floor=3, ceiling=10), Observation(silent=3), Memory(published=3), NOW)
    assert (decision.desired, decision.binding) == (3, Binding.FLOOR)


def test_one_silent_pod_is_named() -> None:
    seen = Observation(running=1, answered=1, silent=1)
    decision = decide(Policy(floor=0, ceiling=10), seen, Memory(published=2), NOW)
    assert (decision.desired, decision.binding) == (2, Binding.SILENT_PODS)


def test_what_a_step_has_left_may_go_within_its_period() -> None:
    policy = Policy(floor=1, ceiling=10, scale_in_pods=5)
    first = decide(policy, Observation(running=7, answered=9), Memory(published=9), NOW)
    assert first.desired == 7
    assert decide(policy, Observation(answered=7), first.memory, NOW + 1000).desired == 4
