"""The decision: policy, observation and memory in; desired pods, reasons and new memory out.

Absolute demand, never `current * ratio`: pods that are still loading are capacity already asked for, so they do
not appear in the formula and nothing cascades while they load. Silent pods widen demand to an interval
[D, D + silent * x]; the pool grows for its lower end, shrinks only to its upper end, and holds in between.
"""

from dataclasses import dataclass, replace

from warmpool_operator.capacity.arithmetic import buffer_pods, need_pods, target_pods
from warmpool_operator.capacity.types import Binding, Bucket, Decision, Memory, Observation, Policy, Terms
from warmpool_operator.capacity.window import held_target, remember


@dataclass(frozen=True, kw_only=True)
class _Targets:
    """Pods for both ends of the demand interval; `delayed_low` is what scalingDelay leaves of the lower."""

    low: int
    delayed_low: int
    high: int


def decide(policy: Policy, seen: Observation, memory: Memory | None, now_ms: int) -> Decision:
    """Return how many pods the pool should have at `now_ms`.

    Args:
        policy: the rules in force now; a floor above the ceiling is cut to the ceiling.
        seen: the samples of this tick.
        memory: of the last decision, or None: then the present replicas are taken for granted and held for
            keepAlive, because an empty memory must never shrink a pool.
        now_ms: milliseconds since the epoch, never running backwards.
    """
    floor = min(policy.floor, policy.ceiling)
    past = memory or Memory(published=seen.replicas, window=(Bucket(now_ms, seen.replicas),))
    targets = _targets(policy, seen, past.published)
    window = remember(past.window, now_ms=now_ms, target=targets.high, keep_alive_ms=policy.keep_alive_ms)
    # Without a memory also where keepAlive is 0 and nothing is held: one tick is no reason to shrink.
    held = max(held_target(window), 0 if memory else past.published)
    terms = _terms(policy, seen, floor=floor, held=held)
    wanted = _wanted(targets, terms, past.published)
    stepped, stepped_memory = _limit_step(policy, past, wanted, now_ms)
    if seen.blind:
        stepped = max(stepped, past.published)
    desired = min(max(stepped, floor), policy.ceiling)
    return Decision(
        desired=desired,
        unclamped=max(stepped, targets.delayed_low, policy.floor),
        binding=_binding(seen, targets, terms, wanted=wanted, stepped=stepped),
        terms=terms,
        memory=replace(stepped_memory, published=desired, window=window),
    )


def _targets(policy: Policy, seen: Observation, published: int) -> _Targets:
    low = target_pods(policy, seen.demand(queued=seen.queued))
    high = target_pods(policy, seen.demand(queued=seen.queued, hidden=seen.silent * policy.concurrency))
    delayed = low
    if seen.queued > 0 and seen.oldest_queued_ms < policy.scaling_delay_ms:
        # Only waiting requests wait for the delay: in-flight, refused and held ones are past any queue.
        delayed = max(target_pods(policy, seen.demand(queued=0)), min(low, published))
    return _Targets(low=low, delayed_low=delayed, high=high)


def _terms(policy: Policy, seen: Observation, *, floor: int, held: int) -> Terms:
    demand = seen.demand(queued=seen.queued)
    return Terms(
        in_flight=seen.running,
        queued=seen.queued,
        refused=seen.refused,
        held_requests=seen.held,
        demand=demand,
        demand_upper=seen.demand(queued=seen.queued, hidden=seen.silent * policy.concurrency),
        silent_pods=seen.silent,
        need=need_pods(policy, demand),
        buffer=buffer_pods(policy, demand),
        floor=floor,
        ceiling=policy.ceiling,
        held=held,
        floor_source=policy.floor_source,
        ceiling_source=policy.ceiling_source,
    )


def _wanted(targets: _Targets, terms: Terms, published: int) -> int:
    """Grow at once to what is known; shrink no further than the unknown and keepAlive allow."""
    up = max(terms.floor, targets.delayed_low)
    if up >= published:
        return up
    return min(published, max(up, targets.high, terms.held))


def _limit_step(policy: Policy, past: Memory, wanted: int, now_ms: int) -> tuple[int, Memory]:
    """Let one scale-in period remove `scale_in_pods` at most; the period starts with its first removal."""
    expired = now_ms - past.step_started_ms >= policy.scale_in_period_ms
    removed = 0 if expired else past.step_removed
    if wanted >= past.published:
        return wanted, replace(past, step_removed=removed)
    stepped = max(wanted, past.published - max(0, policy.scale_in_pods - removed))
    started = now_ms if removed == 0 else past.step_started_ms
    return stepped, replace(past, step_started_ms=started, step_removed=removed + past.published - stepped)


def _binding(seen: Observation, targets: _Targets, terms: Terms, *, wanted: int, stepped: int) -> Binding:
    """Name the one term that decided, from the outermost bound inwards."""
    up = max(terms.floor, targets.delayed_low)
    rules: tuple[tuple[bool, Binding], ...] = (
        (stepped > terms.ceiling, Binding.CEILING),
        (seen.blind and stepped > up, Binding.BLIND),
        (stepped > wanted, Binding.SCALE_IN_STEP),
        (wanted > up and seen.silent > 0 and targets.high >= wanted, Binding.SILENT_PODS),
        (wanted > up, Binding.KEEP_ALIVE),
        (terms.floor >= targets.delayed_low, Binding.FLOOR),
        (targets.low > targets.delayed_low, Binding.SCALING_DELAY),
        (terms.demand > 0, Binding.DEMAND),
    )
    return next((binding for holds, binding in rules if holds), Binding.BUFFER)
