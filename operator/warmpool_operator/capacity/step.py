"""One step of a pool through time: rules, then decision. It runs live, and it replays records."""

from dataclasses import dataclass, field

from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.policy import Effective, PolicyMemory, effective
from warmpool_operator.capacity.signals import signals
from warmpool_operator.capacity.types import Decision, Memory, Observation


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Everything that one step takes from outside, beside the spec.

    Attributes:
        now_ms: milliseconds since the epoch.
        seen: the samples.
        per_minute: requests that reached the pods in the last minute, None if that is not known.
        auto_lead_ms: lead of schedules that leave it to the operator.
        namespace_ceiling: pods that the namespace's ceiling leaves to this pool, None without one.
    """

    now_ms: int
    seen: Observation
    per_minute: int | None = None
    auto_lead_ms: int = 0
    namespace_ceiling: int | None = None


@dataclass(frozen=True, kw_only=True)
class Recall:
    """What a step must know of the one before."""

    memory: Memory | None = None
    policy: PolicyMemory = field(default_factory=PolicyMemory)


def step(scaling: Scaling, inputs: Inputs, recall: Recall, *, concurrency: int) -> tuple[Effective, Decision]:
    """Return the rules in force and the decision under them.

    Args:
        scaling: the pool's spec.
        inputs: of this step.
        recall: of the step before.
        concurrency: requests that one pod computes at once.
    """
    rules = effective(
        scaling,
        container_concurrency=concurrency,
        auto_lead_ms=inputs.auto_lead_ms,
        signals=signals(inputs.seen, inputs.per_minute, concurrency=concurrency),
        memory=recall.policy,
        now_ms=inputs.now_ms,
        namespace_ceiling=inputs.namespace_ceiling,
    )
    return rules, decide(rules.policy, inputs.seen, recall.memory, inputs.now_ms)
