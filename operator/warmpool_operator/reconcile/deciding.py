"""Deciding for one pool in one tick: what is seen, the step itself, and what is kept of it."""

from collections.abc import Iterable

from warmpool_operator.capacity.budget import namespace_share
from warmpool_operator.capacity.demand import Refusals, observe
from warmpool_operator.capacity.startup import auto_lead_ms
from warmpool_operator.capacity.step import Inputs, Recall, step
from warmpool_operator.capacity.types import Observation
from warmpool_operator.desired.pool import Pool
from warmpool_operator.reconcile.foresight import note_start
from warmpool_operator.reconcile.report import changed
from warmpool_operator.reconcile.roster import Roster, alive, count
from warmpool_operator.reconcile.state import PoolState


def look_at(state: PoolState, pool: Pool, roster: Roster, *, replicas: int, held: int) -> Observation:
    """Return what the pods say in this tick, and keep their counters in `state`."""
    reports = {member.view.uid: member.report for member in roster if member.report is not None}
    state.refusals = {
        uid: state.refusals.get(uid, Refusals()).read(report.sample) for uid, report in reports.items()
    }
    return observe(
        ((report.sample, state.refusals[uid]) for uid, report in reports.items()),
        silent=sum(member.silent for member in roster),
        replicas=replicas,
        held=held,
        ingress_tries=1 if pool.spec.ingress is None else pool.spec.ingress.tries,
    )


def decide_for(
    state: PoolState,
    pool: Pool,
    roster: Roster,
    seen: Observation,
    *,
    namespace_ceiling: int | None,
    now_ms: int,
) -> None:
    """Make the decision of this tick; it, its record and all that the next tick needs are kept in `state`."""
    _count(state, roster, seen, now_ms=now_ms)
    concurrency = pool.spec.server.container_concurrency
    inputs = Inputs(
        now_ms=now_ms,
        seen=seen,
        per_minute=state.arrivals.per_minute,
        auto_lead_ms=auto_lead_ms(
            state.startups, startup_timeout_ms=pool.spec.startup.timeout_seconds * 1000
        ),
        namespace_ceiling=namespace_ceiling,
    )
    recall = Recall(memory=state.memory, policy=state.policy_memory)
    made = step(pool.spec.scaling, inputs, recall, concurrency=concurrency)
    state.record.add(pool.spec.scaling, inputs, recall, made, concurrency=concurrency)
    state.effective, state.decision = made
    before = None if state.memory is None else state.memory.published
    state.history = changed(state.history, state.decision, before=before, now_ms=now_ms)
    state.memory, state.policy_memory = state.decision.memory, state.effective.memory
    note_start(state, roster, now_ms=now_ms)


def share(limit: int | None, state: PoolState, roster: Roster, others: Iterable[PoolState]) -> int | None:
    """Return the pods that the namespace's ceiling leaves to a pool, None without one.

    A pool without memory owns the pods that exist: a Deployment just made asks for one, but has none yet.
    """
    if limit is None:
        return None
    own = len(alive(roster)) if state.memory is None else state.memory.published
    return namespace_share(limit, own=own, others=[other.published for other in others])


def _count(state: PoolState, roster: Roster, seen: Observation, *, now_ms: int) -> None:
    samples = [(member.view.uid, member.report.sample) for member in roster if member.report is not None]
    present = [member.view.uid for member in roster]
    state.arrivals = state.arrivals.read(samples, present=present, now_ms=now_ms)
    state.meter = state.meter.read(
        samples, present=present, idle=count(roster).idle, held=seen.held, now_ms=now_ms
    )
