"""The status of a pool: built anew each tick, written when it matters.

Conditions, counts and the decision are written at once when they change. Numbers that move all the time (terms,
messages) are written at most every VOLATILE_MS, and the memory alone every MEMORY_MS, so that a busy pool does not
cost two writes a second.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from warmpool_operator.api.status import DecisionStatus, HistoryEntry, Terms, TrafficStatus, Transition
from warmpool_operator.capacity import types as capacity
from warmpool_operator.capacity.explain import sentence
from warmpool_operator.capacity.outlook import next_transition
from warmpool_operator.capacity.pacing import Pace, StartBudget
from warmpool_operator.capacity.policy import Effective
from warmpool_operator.capacity.traffic import Traffic
from warmpool_operator.reconcile.kept import Change
from warmpool_operator.reconcile.times import rfc3339

VOLATILE_MS = 5_000
MEMORY_MS = 30_000
"""The newest entry of the demand window moves on every tick, and so does the time that warm pods are idle; an idle
pool shall not cost a write each time."""
SIGNIFICANT = ("observedGeneration", "replicas", "effective", "limits", "schedule", "startup")
SLOW = ("memory", "traffic")
MAX_HISTORY = 10
SIGNIFICANT_PODS = ("pending", "imagePull", "setup", "ready", "draining", "failed")
"""Not idle and running: under load they change places on every tick."""


def decision_status(decision: capacity.Decision, pace: Pace | None) -> DecisionStatus:
    """Return the decision as the status shows it."""
    terms = {name: getattr(decision.terms, name) for name in Terms.model_fields}
    return DecisionStatus(
        desired=decision.desired,
        unclamped=decision.unclamped,
        actuated=decision.desired if pace is None else pace.pods,
        binding=decision.binding.value,
        message=sentence(decision),
        terms=Terms(**terms),
    )


def history_status(history: Iterable[Change]) -> list[HistoryEntry]:
    """Return the last changes as the status shows them."""
    return [
        HistoryEntry(
            at=rfc3339(each.at_ms),
            before=each.before,
            desired=each.desired,
            binding=each.binding,
            message=each.message,
        )
        for each in history
    ]


def traffic_status(traffic: Traffic) -> TrafficStatus:
    """Return the totals as the status shows them."""
    return TrafficStatus(
        warm_hits=traffic.warm_hits,
        cold_requests=traffic.cold,
        warm_hit_percent=traffic.warm_hit_percent,
        idle_warm_pod_seconds=traffic.idle_pod_ms // 1000,
    )


def transition_status(
    decision: capacity.Decision, rules: Effective | None, budget: StartBudget, *, now_ms: int
) -> Transition | None:
    """Return what changes the decision next, as the status shows it."""
    if rules is None:
        return None
    coming = next_transition(
        rules.policy,
        decision,
        next_edge_ms=rules.next_edge_ms,
        retry_at_ms=budget.retry_at_ms,
        now_ms=now_ms,
    )
    return None if coming is None else Transition(at=rfc3339(coming.at_ms), what=coming.what)


def changed(
    history: tuple[Change, ...], decision: capacity.Decision, *, before: int | None, now_ms: int
) -> tuple[Change, ...]:
    """Return the history with a decision that changed the number of pods; the first one changes nothing."""
    if before is None or before == decision.desired:
        return history
    change = Change(
        at_ms=now_ms,
        before=before,
        desired=decision.desired,
        binding=decision.binding.value,
        message=sentence(decision),
    )
    return (*history, change)[-MAX_HISTORY:]


def due(wire: Mapping[str, Any], written: Mapping[str, Any], *, since_ms: int) -> bool:
    """Whether status `wire` should be written over `written`, which was written `since_ms` milliseconds ago."""
    if wire == written:
        return False
    if _significant(wire) != _significant(written):
        return True
    quiet = {**wire, **dict.fromkeys(SLOW)} == {**written, **dict.fromkeys(SLOW)}
    return since_ms >= (MEMORY_MS if quiet else VOLATILE_MS)


def _significant(wire: Mapping[str, Any]) -> dict[str, Any]:
    decision = wire.get("decision", {})
    conditions = {
        each["type"]: (each["status"], each["reason"], each.get("observedGeneration"))
        for each in wire.get("conditions", [])
    }
    kept = {name: wire.get(name) for name in SIGNIFICANT}
    kept["pods"] = {name: wire.get("pods", {}).get(name) for name in SIGNIFICANT_PODS}
    return kept | {"desired": (decision.get("desired"), decision.get("binding")), "conditions": conditions}
