"""What survives a restart: memories to the status and back.

Whatever cannot be read counts as no memory at all. An empty memory of the decision never shrinks a pool; an empty
memory of the rules costs at most one `forSeconds` or `holdSeconds`, and start-ups are simply measured anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from warmpool_operator.admission.follow import Followed
from warmpool_operator.admission.intent import Limit
from warmpool_operator.api import memory as memory_api
from warmpool_operator.api.names import PHASES, Reason
from warmpool_operator.api.starts import StartupStatus
from warmpool_operator.api.status import HistoryEntry, LimitsStatus, ScheduleStatus, TrafficStatus
from warmpool_operator.capacity import types as capacity
from warmpool_operator.capacity.pacing import StartBudget
from warmpool_operator.capacity.policy import PolicyMemory
from warmpool_operator.capacity.schedule import FrozenLead
from warmpool_operator.capacity.startup import Start, Startups
from warmpool_operator.capacity.threshold import ThresholdState
from warmpool_operator.capacity.traffic import Traffic
from warmpool_operator.desired.footprint import Footprint
from warmpool_operator.reconcile.times import from_rfc3339, rfc3339


@dataclass(frozen=True, kw_only=True)
class LastStart:
    """The last start of a schedule: pods that were to be warm, and pods that were."""

    name: str
    start_ms: int
    floor: int
    ready: int


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of the decision."""

    at_ms: int
    before: int
    desired: int
    binding: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Everything that a pool's status remembers; `generation` is that of the spec it answers."""

    memory: capacity.Memory | None = None
    policy: PolicyMemory = field(default_factory=PolicyMemory)
    startups: Startups = field(default_factory=Startups)
    budget: StartBudget = field(default_factory=StartBudget)
    footprints: tuple[Footprint, ...] = ()
    last_start: LastStart | None = None
    history: tuple[Change, ...] = ()
    traffic: Traffic = field(default_factory=Traffic)
    followed: Followed | None = None
    generation: int | None = None
    stopped_by_hand: bool = False


def memory_status(
    memory: capacity.Memory,
    policy: PolicyMemory,
    startups: Startups,
    budget: StartBudget,
    footprints: Iterable[Footprint] = (),
) -> memory_api.Memory:
    """Return the memories as the status keeps them."""
    return memory_api.Memory(
        published=memory.published,
        window=[
            memory_api.WindowBucket(until=rfc3339(entry.at_ms), target=entry.target)
            for entry in memory.window
        ],
        step_started=rfc3339(memory.step_started_ms) if memory.step_removed else None,
        step_removed=memory.step_removed,
        leads=[
            memory_api.LeadMemory(name=lead.name, start=rfc3339(lead.start_ms), lead_ms=lead.lead_ms)
            for lead in policy.leads
        ],
        thresholds=[
            memory_api.ThresholdMemory(name=state.name, holds=state.holds, counted_ms=state.counted_ms)
            for state in policy.thresholds
            if state.holds or state.counted_ms
        ],
        startups=[
            memory_api.StartupMemory(ms=start.total_ms, template=start.template) for start in startups.starts
        ],
        footprints=[memory_api.FootprintMemory(**asdict(each)) for each in footprints],
        failed_starts=budget.failures,
        retry_at=rfc3339(budget.retry_at_ms) if budget.retry_at_ms else None,
    )


def restored(status: Mapping[str, Any]) -> Kept:
    """Return what a pool's status remembers."""
    last_start, history, traffic = _last_start(status), _history(status), _traffic(status)
    try:
        parsed = memory_api.Memory.model_validate(status.get("memory") or {})
        memory = _memory(parsed)
        policy, budget = _policy(parsed), _budget(parsed)
        startups = _startups(parsed, StartupStatus.model_validate(status.get("startup") or {}))
    except ValueError:
        return Kept(last_start=last_start, history=history, traffic=traffic)
    return Kept(
        memory=memory,
        policy=policy,
        startups=startups,
        budget=budget,
        footprints=tuple(Footprint(**each.model_dump()) for each in parsed.footprints),
        last_start=last_start,
        history=history,
        traffic=traffic,
        followed=_followed(status),
        generation=status.get("observedGeneration"),
        stopped_by_hand=_stopped_by_hand(status),
    )


def _budget(parsed: memory_api.Memory) -> StartBudget:
    retry_at_ms = from_rfc3339(parsed.retry_at) if parsed.retry_at else 0
    return StartBudget(failures=parsed.failed_starts, retry_at_ms=retry_at_ms)


def _memory(parsed: memory_api.Memory) -> capacity.Memory | None:
    if not parsed.window:
        return None
    return capacity.Memory(
        published=parsed.published,
        window=tuple(capacity.Bucket(from_rfc3339(each.until), each.target) for each in parsed.window),
        step_started_ms=from_rfc3339(parsed.step_started) if parsed.step_started else 0,
        step_removed=parsed.step_removed if parsed.step_started else 0,
    )


def _startups(parsed: memory_api.Memory, shown: StartupStatus) -> Startups:
    """Join the totals of all remembered starts with the phases of the newest, which the status shows."""
    known = parsed.startups[: max(0, len(parsed.startups) - len(shown.last))]
    older = [Start(total_ms=each.ms, template=each.template) for each in known]
    newest = [
        Start(
            total_ms=each.total_ms,
            template=each.template,
            pod=each.pod,
            ready_ms=from_rfc3339(each.ready_at),
            phases_ms=tuple((phase, each.phases_ms[phase]) for phase in PHASES if phase in each.phases_ms),
            first_request_ms=each.first_request_ms,
        )
        for each in shown.last
    ]
    return Startups(starts=(*older, *newest), failures=shown.failures)


def _policy(parsed: memory_api.Memory) -> PolicyMemory:
    return PolicyMemory(
        leads=tuple(
            FrozenLead(name=each.name, start_ms=from_rfc3339(each.start), lead_ms=each.lead_ms)
            for each in parsed.leads
        ),
        thresholds=tuple(
            ThresholdState(name=each.name, holds=each.holds, counted_ms=each.counted_ms)
            for each in parsed.thresholds
        ),
    )


def _stopped_by_hand(status: Mapping[str, Any]) -> bool:
    return any(each.get("reason") == Reason.SCALED_BY_HAND for each in status.get("conditions") or [])


def _history(status: Mapping[str, Any]) -> tuple[Change, ...]:
    try:
        entries = [HistoryEntry.model_validate(each) for each in status.get("history") or []]
        return tuple(
            Change(
                at_ms=from_rfc3339(each.at),
                before=each.before,
                desired=each.desired,
                binding=each.binding,
                message=each.message,
            )
            for each in entries
        )
    except ValueError:
        return ()


def _traffic(status: Mapping[str, Any]) -> Traffic:
    try:
        parsed = TrafficStatus.model_validate(status.get("traffic") or {})
    except ValueError:
        return Traffic()
    return Traffic(
        warm_hits=parsed.warm_hits,
        cold=parsed.cold_requests,
        idle_pod_ms=parsed.idle_warm_pod_seconds * 1000,
    )


def _last_start(status: Mapping[str, Any]) -> LastStart | None:
    try:
        last = ScheduleStatus.model_validate(status.get("schedule") or {}).last
        if last is None:
            return None
        start_ms = from_rfc3339(last.start)
    except ValueError:
        return None
    return LastStart(name=last.name, start_ms=start_ms, floor=last.floor, ready=last.ready)


def _followed(status: Mapping[str, Any]) -> Followed | None:
    try:
        limits = LimitsStatus.model_validate(status.get("limits") or {})
        if not limits.connections or limits.changed is None:
            return None
        changed_ms = from_rfc3339(limits.changed)
    except ValueError:
        return None
    limit = Limit(connections=limits.connections, rate=limits.rate or None)
    return Followed(limit=limit, changed_ms=changed_ms)
