"""The rules in force at one instant: the pool's own numbers, schedules, thresholds and overrides in one policy.

Floors: the highest counts. Ceilings: the lowest counts, and it wins over every floor (`decide` cuts the floor).
The policy carries the name of what set each of the two, so that a decision can say where its bounds come from.
Pure in (spec, signals, memory, now): the same instant gives the same policy, and nothing of a window or an
override is left once it has ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.override import in_force, until_ms
from warmpool_operator.capacity.schedule import FrozenLead, Window, freeze, windows_at
from warmpool_operator.capacity.signals import Interval
from warmpool_operator.capacity.threshold import ThresholdState, step
from warmpool_operator.capacity.types import Policy

NAMESPACE_CEILING = "the namespace's ceiling"


@dataclass(frozen=True, kw_only=True)
class PolicyMemory:
    """What the next policy must know of the earlier ones; survives restarts in the pool's status."""

    leads: tuple[FrozenLead, ...] = ()
    thresholds: tuple[ThresholdState, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Effective:
    """What holds at one instant.

    Attributes:
        policy: the rules for the decision.
        windows: of schedules, open or next.
        next_edge_ms: when a window or an override changes the rules next, None if nothing will.
        memory: for the next instant.
    """

    policy: Policy
    windows: tuple[Window, ...] = ()
    next_edge_ms: int | None = None
    memory: PolicyMemory = PolicyMemory()


def effective(
    scaling: Scaling,
    *,
    container_concurrency: int,
    auto_lead_ms: int,
    signals: Mapping[str, Interval],
    memory: PolicyMemory,
    now_ms: int,
    namespace_ceiling: int | None = None,
) -> Effective:
    """Return the rules in force at `now_ms`.

    Args:
        scaling: the pool's spec.
        container_concurrency: requests that one pod computes at once.
        auto_lead_ms: lead of schedules that leave it to the operator.
        signals: what thresholds watch.
        memory: of the last call.
        now_ms: milliseconds since the epoch.
        namespace_ceiling: pods that the namespace's ceiling leaves to this pool, None without one.
    """
    windows = windows_at(scaling.schedules, now_ms=now_ms, auto_lead_ms=auto_lead_ms, frozen=memory.leads)
    states = step(scaling.thresholds, memory.thresholds, signals, now_ms=now_ms)
    holding = {state.name for state in states if state.holds}
    base = policy_of(scaling, container_concurrency=container_concurrency)
    ruled = _with_overrides(_with_thresholds(_with_windows(base, windows), scaling, holding), scaling, now_ms)
    return Effective(
        policy=_bounded(ruled, None, namespace_ceiling, NAMESPACE_CEILING),
        windows=windows,
        next_edge_ms=_next_edge(windows, scaling, now_ms),
        memory=PolicyMemory(leads=freeze(windows), thresholds=states),
    )


def policy_of(scaling: Scaling, *, container_concurrency: int) -> Policy:
    """Return the pool's own scaling rules; seconds become milliseconds."""
    return Policy(
        floor=scaling.min_replicas,
        ceiling=scaling.max_replicas,
        concurrency=container_concurrency,
        utilization_percent=scaling.target_utilization_percent,
        buffer=scaling.concurrency_buffer,
        buffer_percent=scaling.concurrency_buffer_percent,
        buffer_at_zero=scaling.buffer_mode == "Always",
        scaling_delay_ms=scaling.scaling_delay_seconds * 1000,
        keep_alive_ms=scaling.keep_alive_seconds * 1000,
        scale_in_pods=scaling.scale_in.max_pods,
        scale_in_period_ms=scaling.scale_in.period_seconds * 1000,
    )


def _with_windows(policy: Policy, windows: Iterable[Window]) -> Policy:
    for window in windows:
        policy = _bounded(policy, window.floor, window.ceiling, f"schedule {window.schedule.name}")
    return policy


def _with_thresholds(policy: Policy, scaling: Scaling, holding: set[str]) -> Policy:
    for threshold in scaling.thresholds:
        if threshold.name in holding:
            policy = _bounded(policy, threshold.min_replicas, None, f"threshold {threshold.name}")
            # A factor is a buffer in percent of demand: absolute demand times a constant, so it cannot feed on
            # the pods that it adds.
            percent = (threshold.factor_percent or 100) - 100
            policy = replace(policy, buffer_percent=max(policy.buffer_percent, percent))
    return policy


def _with_overrides(policy: Policy, scaling: Scaling, now_ms: int) -> Policy:
    overrides = in_force(scaling.overrides, now_ms=now_ms)
    for override in overrides:
        policy = _bounded(policy, override.min_replicas, override.max_replicas, f"override {override.name}")
    buffers = [each.concurrency_buffer for each in overrides if each.concurrency_buffer is not None]
    return replace(policy, buffer=max(buffers)) if buffers else policy


def _bounded(policy: Policy, floor: int | None, ceiling: int | None, source: str) -> Policy:
    """Raise the floor, lower the ceiling; what is already as strict keeps its name."""
    if floor is not None and floor > policy.floor:
        policy = replace(policy, floor=floor, floor_source=source)
    if ceiling is not None and ceiling < policy.ceiling:
        policy = replace(policy, ceiling=ceiling, ceiling_source=source)
    return policy


def _next_edge(windows: Iterable[Window], scaling: Scaling, now_ms: int) -> int | None:
    edges = [edge for window in windows for edge in window.edges_ms]
    edges += [until_ms(override) for override in scaling.overrides]
    return min((edge for edge in edges if edge > now_ms), default=None)
