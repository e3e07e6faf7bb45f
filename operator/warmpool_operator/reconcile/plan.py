"""From the decision to moves: which bounds to write, which pods to retire, which to bring back. Pure.

A shrink is made of two steps that may be ticks apart. First surplus pods are retired: unready, still loaded,
finishing what they have. Only when they are idle and out of the Service are the bounds lowered, and the
ReplicaSet then removes exactly them, because it ranks not-ready pods before every other criterion. Demand that
returns in between gets its warm pods back within one probe period.

Where that is impossible (a server that cannot be retired, or an HPA that shrinks when it likes), busy pods get a
deletion cost instead, so that idle ones go first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.pacing import Pace
from warmpool_operator.desired.pool import Pool
from warmpool_operator.reconcile.roster import Member, Roster

SETTLE_MS = 2_000
"""Idle time after a pod left the Service: proxies learn of it within about a second."""
UNKNOWN_COST = 31
"""For a warm pod that does not answer: it may be busier than any that does."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Moves of one tick.

    Attributes:
        desired: the decision.
        replicas: what the HPA should hold the workload at; above `desired` only while it shrinks, below it while
            starts are paced.
        retire: pods to take out of the Service.
        restore: retired pods to bring back.
        costs: deletion costs of pods by name; pods that are not named shall have none.
        blocked: why a wanted shrink does not go on now, as (reason, message).
    """

    desired: int
    replicas: int
    retire: Roster = ()
    restore: Roster = ()
    costs: Mapping[str, int] = field(default_factory=dict)
    blocked: tuple[str, str] | None = None


def moves_of(pool: Pool, desired: int, pace: Pace, *, replicas: int, roster: Roster) -> Plan:
    """Return the moves of one tick for a pool, by what its server and its HPA allow."""
    if pool.spec.scaling.hpa.adds_pods:
        return floor_plan(desired=desired, pace=pace, replicas=replicas, roster=roster)
    retires = pool.spec.server.load_metrics is None
    return plan(desired=desired, pace=pace, replicas=replicas, roster=roster, retires=retires)


def plan(
    *, desired: int, pace: Pace | None = None, replicas: int, roster: Roster, retires: bool = True
) -> Plan:
    """Return the moves that bring the workload towards `desired` pods.

    What is retired is measured against the pods that exist, not against `replicas`: between the moment at which
    the workload is told to shrink and the moment at which its pods are deleted, there are more pods than replicas,
    and a retired pod that is brought back in between would be deleted while it serves.

    Args:
        desired: the decision.
        pace: pods to ask for now while it grows; None for all of them.
        replicas: what the workload is asked to have now.
        roster: its pods that are not terminating.
        retires: whether a shrink goes by retiring pods; else by deletion costs.
    """
    retired = tuple(member for member in roster if member.retired)
    loading = sum(1 for member in roster if member.view.loading)
    broken = sum(1 for member in roster if not (member.view.ready or member.retired or member.view.loading))
    surplus = max(0, len(roster) - desired - broken)
    restore = _busiest_first(retired)[: max(0, len(retired) - surplus)]
    if desired >= replicas:
        grown = desired if pace is None else pace.pods
        return Plan(desired=desired, replicas=grown, restore=restore)
    costs = {} if retires else _costs(roster)
    if loading:
        message = f"{loading} of {len(roster)} pods are still loading; they would be removed first"
        blocked = (Reason.PODS_LOADING, message)
        return Plan(desired=desired, replicas=replicas, restore=restore, costs=costs, blocked=blocked)
    if not retires:
        return Plan(desired=desired, replicas=desired, restore=restore, costs=costs)
    gone = sum(1 for member in retired if _out_of_service(member))
    reachable = max(desired, min(replicas, len(roster) - broken - gone))
    # A pod that does not answer may be one that was told to retire a tick ago: retiring another in its place would
    # take the last one that serves.
    silent = sum(1 for member in roster if member.silent and member.view.ready)
    retire = _idlest_serving(roster)[: max(0, surplus - len(retired) - silent)]
    waiting = None if reachable == desired else (Reason.PODS_BUSY, _waiting(retired, retire, gone, silent))
    return Plan(desired=desired, replicas=reachable, retire=retire, restore=restore, blocked=waiting)


def floor_plan(*, desired: int, pace: Pace, replicas: int, roster: Roster) -> Plan:
    """Return the moves where the HPA may add pods above the decision and takes them away when it likes.

    Nothing is retired then: a retired pod would be missing for as long as the HPA keeps it.
    """
    retired = tuple(member for member in roster if member.retired)
    costs = _costs(roster) if replicas > desired else {}
    return Plan(desired=desired, replicas=pace.pods, restore=retired, costs=costs)


def _costs(roster: Roster) -> dict[str, int]:
    """Return what it would cost to delete each busy pod: rough, so that it is rarely written anew."""
    costs = {
        member.view.name: UNKNOWN_COST if member.silent else member.in_flight.bit_length()
        for member in roster
        if member.warm
    }
    return {name: cost for name, cost in costs.items() if cost}


def _waiting(retired: Roster, retire: Roster, gone: int, silent: int) -> str:
    busy = sum(member.in_flight for member in retired)
    message = (
        f"{len(retired)} pods are retired, {gone} of them idle; {busy} requests are still computed there"
    )
    if silent:
        message += f"; {silent} more do not answer and may be retired too"
    if not retire:
        return message
    named = f"; {len(retire)} more are told to leave the Service, {retire[0].view.name} among them"
    return f"{message}{named}. If this lasts, they refuse: their admin token is not this pool's"


def _out_of_service(member: Member) -> bool:
    idle = member.report is not None and member.report.idle
    return idle and not member.view.ready and member.out_ms >= SETTLE_MS


def _idlest_serving(roster: Roster) -> Roster:
    serving = (member for member in roster if member.serving and not member.silent)
    return tuple(sorted(serving, key=lambda member: (member.in_flight, member.view.name)))


def _busiest_first(members: Roster) -> Roster:
    return tuple(sorted(members, key=lambda member: -member.in_flight))
