"""Writing the status of a pool, and telling of conditions that changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.names import Reason
from warmpool_operator.api.status import Condition, Effective, PoolStatus
from warmpool_operator.desired.pool import Pool, selector_string
from warmpool_operator.observe.cache import Key
from warmpool_operator.observe.milestones import Milestones
from warmpool_operator.reconcile.conditions import Finding, findings, merge
from warmpool_operator.reconcile.fit import settings_fit
from warmpool_operator.reconcile.foresight import schedule_status
from warmpool_operator.reconcile.kept import memory_status
from warmpool_operator.reconcile.limits_report import ingress_findings, limits_status
from warmpool_operator.reconcile.measure import startup_status
from warmpool_operator.reconcile.news import News
from warmpool_operator.reconcile.plan import Plan
from warmpool_operator.reconcile.reading import POOLS
from warmpool_operator.reconcile.report import (
    decision_status,
    due,
    history_status,
    traffic_status,
    transition_status,
)
from warmpool_operator.reconcile.roster import Roster, alive, count
from warmpool_operator.reconcile.slow import slow_start
from warmpool_operator.reconcile.state import PoolState
from warmpool_operator.reconcile.times import rfc3339_seconds
from warmpool_operator.runtime.errors import NotFound
from warmpool_operator.runtime.kube import KubeClient

BAD_WHEN_TRUE = frozenset(
    {
        Type.CONFLICT,
        Type.STARTUP_FAILING,
        Type.UNSCHEDULABLE,
        Type.SCALING_LIMITED,
        Type.SLOW_START,
        Type.INGRESS_LIMITED,
    }
)
BAD_WHEN_FALSE = frozenset({Type.READY, Type.WARM, Type.METRICS_FRESH, Type.SETTINGS_FIT})
SILENT = frozenset({Type.PROGRESSING, Type.SCALE_IN_BLOCKED})
"""Conditions that come and go with every move: an event for each would bury the others."""


class Publisher:
    """Builds statuses and writes those that are due.

    Args:
        client: the API server.
        news: events and metrics.
        now_ms: milliseconds since the epoch.
    """

    def __init__(self, client: KubeClient, news: News, *, now_ms: Callable[[], int]) -> None:
        self._client = client
        self._news = news
        self._now_ms = now_ms

    async def stopped(self, state: PoolState) -> None:
        """Publish why a pool is not being reconciled: an invalid spec, or a name that others have."""
        if not state.body:
            return
        if state.invalid is not None:
            found = [Finding(Type.READY, False, Reason.INVALID_SPEC, state.invalid)]
        else:
            taken = ", ".join(state.conflicts)
            text = (
                f"exists and does not belong to this pool: {taken}. Nothing was changed; rename the pool or"
            )
            text += " remove that object"
            found = [
                Finding(Type.READY, False, Reason.NAME_TAKEN, text),
                Finding(Type.CONFLICT, True, Reason.NAME_TAKEN, text),
            ]
        metadata = state.body["metadata"]
        generation = int(metadata["generation"])
        conditions = self._merge(state, found, generation)
        self._news.judged(Key(metadata["namespace"], metadata["name"]), conditions, only=True)
        wire = {
            "observedGeneration": generation,
            "conditions": [condition.to_wire() for condition in conditions],
        }
        # What was last known of the pods stays in the status: this reconcile has not looked at them.
        await self._write(state, {**PoolStatus().to_wire(), **state.status, **wire}, conditions)

    async def running(
        self,
        state: PoolState,
        pool: Pool,
        roster: Roster,
        moves: Plan | None,
        *,
        milestones: Mapping[str, Milestones],
    ) -> None:
        """Publish what a pool has and what was decided for it."""
        decision, memory = state.decision, state.memory
        if decision is None or memory is None:
            return
        pods, terms, key = count(roster), decision.terms, Key(pool.namespace, pool.name)
        blocked = moves.blocked if moves else None
        found = findings(roster, pods, decision, pace=state.pace, blocked=blocked, rejected=state.rejected)
        found += self._more_findings(state, pool, roster, milestones)
        conditions = self._merge(state, _with_refusal(found, state.refused), pool.generation)
        self._news.counted(key, pods, decision, state.meter.traffic)
        self._news.judged(key, conditions)
        status = PoolStatus(
            observed_generation=pool.generation,
            replicas=len(alive(roster)),
            selector=selector_string(pool),
            pods=pods,
            effective=Effective(min=terms.floor, max=terms.ceiling, buffer=terms.buffer),
            decision=decision_status(decision, state.pace),
            history=history_status(state.history),
            next_transition=transition_status(decision, state.effective, state.budget, now_ms=self._now_ms()),
            traffic=traffic_status(state.meter.traffic),
            memory=memory_status(memory, state.policy_memory, state.startups, state.budget, state.footprints),
            startup=startup_status(state.startups),
            schedule=schedule_status(state.effective, state.last_start),
            limits=limits_status(pool, state.guard),
            conditions=conditions,
        )
        await self._write(state, status.to_wire(), conditions)

    def _more_findings(
        self, state: PoolState, pool: Pool, roster: Roster, milestones: Mapping[str, Milestones]
    ) -> list[Finding]:
        """Return what holds beside the pods of this tick: against their history, the settings, other scalers."""
        slow = slow_start(pool, roster, milestones, state.startups, now_ms=self._now_ms())
        own = [slow, settings_fit(state, pool, roster), _conflict(state), _paused(pool)]
        return [*own, *ingress_findings(pool, state.guard)]

    def _merge(self, state: PoolState, found: Sequence[Finding], generation: int) -> list[Condition]:
        before = {each["type"]: (each["status"], each["lastTransitionTime"]) for each in _conditions(state)}
        return merge(found, before, generation=generation, now=rfc3339_seconds(self._now_ms()))

    async def _write(self, state: PoolState, wire: dict[str, Any], conditions: Sequence[Condition]) -> None:
        since = self._now_ms() - state.status_written_ms
        if not due(wire, state.status, since_ms=since):
            return
        metadata = {key: state.body["metadata"][key] for key in ("name", "namespace")}
        try:
            await self._client.apply_status(
                POOLS, {"metadata": metadata, "status": wire}, manager=names.MANAGER
            )
        except NotFound:
            state.structure_due_ms = 0
            return
        if not observing(state.body):
            self._tell(state, conditions)
        state.status, state.status_written_ms = wire, self._now_ms()

    def _tell(self, state: PoolState, conditions: Sequence[Condition]) -> None:
        """Record an event for each condition that flipped, and for each that is bad from the start."""
        before = {each["type"]: each["status"] for each in _conditions(state)}
        for condition in conditions:
            bad = (condition.type in BAD_WHEN_TRUE and condition.status == "True") or (
                condition.type in BAD_WHEN_FALSE
                and condition.status == "False"
                and condition.reason != Reason.SCALED_TO_ZERO
            )
            was = before.get(condition.type)
            worth_telling = was is not None or (bad and condition.type in BAD_WHEN_TRUE)
            if was != condition.status and worth_telling and condition.type not in SILENT:
                self._news.became(state.body, condition.reason, condition.message, bad=bad)


def observing(body: Mapping[str, Any]) -> bool:
    """Whether a pool, usable or not, asks that nothing but its status is written, events included."""
    return bool(body.get("spec", {}).get("mode") == "Observe")


def _conditions(state: PoolState) -> list[dict[str, Any]]:
    return list(state.status.get("conditions", []))


def _conflict(state: PoolState) -> Finding:
    if state.rivals:
        text = (
            f"scaled by others too: {', '.join(state.rivals)}. Nothing is written; remove them or this pool"
        )
        return Finding(Type.CONFLICT, True, Reason.FOREIGN_SCALER, text)
    if state.hand is not None:
        text = (
            f"the Deployment's replicas were set by {state.hand} to a number that was not decided. Nothing is"
        )
        text += " written until they are back; `kubectl scale wmp` moves the floor, `spec.paused` stops us"
        return Finding(Type.CONFLICT, True, Reason.SCALED_BY_HAND, text)
    return Finding(Type.CONFLICT, bool(state.conflicts), Reason.NO_CONFLICT, ", ".join(state.conflicts))


def _paused(pool: Pool) -> Finding:
    if pool.spec.paused:
        return Finding(
            Type.PAUSED, True, Reason.PAUSED, "spec.paused is set: nothing is written but this status"
        )
    if pool.spec.mode == "Observe":
        text = "spec.mode is Observe: this status says what would be done, and nothing else is written"
        return Finding(Type.PAUSED, True, Reason.OBSERVING, text)
    return Finding(Type.PAUSED, False, Reason.ACTIVE)


def _with_refusal(found: Sequence[Finding], refused: str | None) -> Sequence[Finding]:
    """Show a refused write where people look for progress, and on Ready while nothing is warm."""
    if refused is None:
        return found
    shown = []
    for finding in found:
        if finding.type == Type.PROGRESSING:
            shown.append(Finding(Type.PROGRESSING, False, Reason.WRITE_REFUSED, refused))
        elif finding.type == Type.READY and not finding.holds:
            shown.append(Finding(Type.READY, False, Reason.WRITE_REFUSED, refused))
        else:
            shown.append(finding)
    return shown
