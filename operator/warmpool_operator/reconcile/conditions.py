"""Conditions of a pool: what holds, why, and the number that would fix it. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.names import Reason
from warmpool_operator.api.status import Condition, Pods
from warmpool_operator.capacity.pacing import Brake, Pace
from warmpool_operator.capacity.types import OWN_CEILING, Decision
from warmpool_operator.observe.diagnosis import Trouble
from warmpool_operator.reconcile.roster import Roster


@dataclass(frozen=True)
class Finding:
    """What holds of a pool: a condition without its bookkeeping."""

    type: str
    holds: bool | None
    reason: str
    message: str = ""


def findings(
    roster: Roster,
    pods: Pods,
    decision: Decision,
    *,
    pace: Pace | None = None,
    blocked: tuple[str, str] | None = None,
    rejected: Trouble | None = None,
) -> list[Finding]:
    """Return every finding about a pool that is being scaled.

    Args:
        roster: its pods, terminating ones included.
        pods: the same, counted.
        decision: of this tick.
        pace: of starts in this tick.
        blocked: why a shrink waits.
        rejected: why the API server takes no pod of the Deployment (Pod Security, a quota, a webhook): then no Pod
            object can say it.
    """
    trouble = _commonest(member.view.trouble for member in roster if not member.view.terminating)
    if trouble is None and pods.ready < decision.desired:
        trouble = rejected
    if rejected is not None and rejected.reason == Reason.NO_IMAGE_VOLUMES:
        # What the pods say follows from it.
        trouble = rejected
    return [
        _ready(pods, decision, trouble),
        _warm(pods, decision),
        _progressing(pods, decision),
        _metrics_fresh(roster, decision),
        _scaling_limited(decision, pace),
        _scale_in_blocked(blocked),
        _startup_failing(trouble),
        _unschedulable(trouble),
    ]


def _ready(pods: Pods, decision: Decision, trouble: Trouble | None) -> Finding:
    total = pods.ready + pods.warming + pods.failed
    if pods.ready > 0:
        return Finding(Type.READY, True, Reason.ENDPOINTS_WARM, f"{pods.ready} of {total} pods are warm")
    if total == decision.desired == 0:
        text = "no pod is kept without demand; a request through the Ingress wakes the pool"
        return Finding(Type.READY, False, Reason.SCALED_TO_ZERO, text)
    why = f": {trouble.message}" if trouble else f"; {pods.warming} are on their way"
    return Finding(Type.READY, False, Reason.NO_WARM_ENDPOINT, f"no pod is warm{why}")


def _warm(pods: Pods, decision: Decision) -> Finding:
    floor = decision.terms.floor
    if pods.ready >= floor:
        return Finding(Type.WARM, True, Reason.FLOOR_MET, f"{pods.ready} warm pods, the floor is {floor}")
    message = f"{pods.ready} warm pods, {floor - pods.ready} short of the floor of {floor}"
    return Finding(Type.WARM, False, Reason.BELOW_FLOOR, message)


def _progressing(pods: Pods, decision: Decision) -> Finding:
    present = pods.ready + pods.warming + pods.failed
    if present < decision.desired:
        text = f"{present} pods exist, {decision.desired} are wanted"
        return Finding(Type.PROGRESSING, True, Reason.SCALING_OUT, text)
    if pods.warming > 0:
        return Finding(Type.PROGRESSING, True, Reason.WARMING_UP, f"{pods.warming} pods are warming up")
    if present > decision.desired and pods.failed > 0:
        text = f"{pods.failed} pods of a rollout cannot start; the {pods.ready} warm ones stay"
        return Finding(Type.PROGRESSING, True, Reason.ROLLING_OUT, text)
    if present > decision.desired or pods.draining > 0:
        text = f"{present} pods exist, {decision.desired} are wanted, {pods.draining} are draining"
        return Finding(Type.PROGRESSING, True, Reason.SCALING_IN, text)
    return Finding(Type.PROGRESSING, False, Reason.SETTLED, f"{present} pods, as wanted")


def _metrics_fresh(roster: Roster, decision: Decision) -> Finding:
    silent = decision.terms.silent_pods
    if silent == 0:
        reason = Reason.ALL_PODS_ANSWER if any(member.warm for member in roster) else Reason.NO_PODS
        return Finding(Type.METRICS_FRESH, True, reason, "every warm pod tells its load")
    blind = not any(member.warm and member.report for member in roster)
    text = f"{silent} warm pods do not tell their load; demand is between {decision.terms.demand} and "
    text += f"{decision.terms.demand_upper} requests"
    return Finding(Type.METRICS_FRESH, False, Reason.BLIND if blind else Reason.PODS_SILENT, text)


def _scaling_limited(decision: Decision, pace: Pace | None) -> Finding:
    ceiling = decision.terms.ceiling
    if pace is not None and pace.brake is Brake.START_BUDGET:
        text = f"{decision.desired} pods are needed; starts keep failing, so {pace.pods} are asked for and"
        text += " one more is tried now and then"
        return Finding(Type.SCALING_LIMITED, True, Reason.START_BUDGET, text)
    if decision.unclamped <= ceiling:
        if pace is not None and pace.brake is Brake.MAX_WARMING:
            text = (
                f"{decision.desired} pods are needed, {pace.pods} are asked for: scaling.scaleOut.maxWarming"
            )
            return Finding(Type.SCALING_LIMITED, True, Reason.MAX_WARMING, text)
        return Finding(Type.SCALING_LIMITED, False, Reason.WITHIN_BOUNDS)
    source = decision.terms.ceiling_source
    bound = f"{source} is {ceiling}" if source == OWN_CEILING else f"{source} allows {ceiling}"
    text = f"{decision.unclamped} pods are needed, {bound}"
    return Finding(Type.SCALING_LIMITED, True, Reason.TOO_MANY_REPLICAS, text)


def _scale_in_blocked(blocked: tuple[str, str] | None) -> Finding:
    if blocked is None:
        return Finding(Type.SCALE_IN_BLOCKED, False, Reason.NOT_SHRINKING)
    return Finding(Type.SCALE_IN_BLOCKED, True, *blocked)


def _startup_failing(trouble: Trouble | None) -> Finding:
    if trouble is None or trouble.reason == Reason.NO_NODE:
        return Finding(Type.STARTUP_FAILING, False, Reason.STARTS_FINE)
    return Finding(Type.STARTUP_FAILING, True, trouble.reason, trouble.message)


def _unschedulable(trouble: Trouble | None) -> Finding:
    if trouble is None or trouble.reason != Reason.NO_NODE:
        return Finding(Type.UNSCHEDULABLE, False, Reason.SCHEDULED)
    return Finding(Type.UNSCHEDULABLE, True, Reason.NO_NODE, trouble.message)


def _commonest(troubles: Iterable[Trouble | None]) -> Trouble | None:
    found = Counter(trouble for trouble in troubles if trouble is not None)
    return found.most_common(1)[0][0] if found else None


def merge(
    found: Sequence[Finding], before: Mapping[str, tuple[str, str]], *, generation: int, now: str
) -> list[Condition]:
    """Return the conditions to publish: `lastTransitionTime` moves only when the status does.

    Args:
        found: everything that holds now; conditions that nothing was found about are dropped.
        before: (status, lastTransitionTime) of the conditions published last, by type.
        generation: of the spec that was looked at.
        now: RFC 3339.
    """
    merged = []
    for finding in found:
        status = {True: "True", False: "False", None: "Unknown"}[finding.holds]
        old_status, old_time = before.get(finding.type, ("", now))
        merged.append(
            Condition(
                type=finding.type,
                status=status,
                reason=finding.reason,
                message=finding.message,
                observed_generation=generation,
                last_transition_time=old_time if old_status == status else now,
            )
        )
    return merged
