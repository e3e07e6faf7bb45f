"""The status of a pool: built anew each tick, written when it matters.

Conditions, counts and the decision are written at once when they change. Numbers that move all the time (terms,
messages) are written at most every VOLATILE_MS, and the memory alone every MEMORY_MS, so that a busy pool does not
cost two writes a second.
"""

from collections.abc import Mapping
from typing import Any

from warmpool_operator.api.status import DecisionStatus, Terms
from warmpool_operator.capacity import types as capacity
from warmpool_operator.capacity.explain import sentence
from warmpool_operator.capacity.pacing import Pace

VOLATILE_MS = 5_000
MEMORY_MS = 30_000
"""The newest entry of the demand window moves on every tick; an idle pool shall not cost a write each time."""
SIGNIFICANT = ("observedGeneration", "replicas", "effective", "limits", "schedule", "startup")
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


def due(wire: Mapping[str, Any], written: Mapping[str, Any], *, since_ms: int) -> bool:
    """Whether status `wire` should be written over `written`, which was written `since_ms` milliseconds ago."""
    if wire == written:
        return False
    if _significant(wire) != _significant(written):
        return True
    only_memory = {**wire, "memory": None} == {**written, "memory": None}
    return since_ms >= (MEMORY_MS if only_memory else VOLATILE_MS)


def _significant(wire: Mapping[str, Any]) -> dict[str, Any]:
    decision = wire.get("decision", {})
    conditions = {
        each["type"]: (each["status"], each["reason"], each.get("observedGeneration"))
        for each in wire.get("conditions", [])
    }
    kept = {name: wire.get(name) for name in SIGNIFICANT}
    kept["pods"] = {name: wire.get("pods", {}).get(name) for name in SIGNIFICANT_PODS}
    return kept | {"desired": (decision.get("desired"), decision.get("binding")), "conditions": conditions}
