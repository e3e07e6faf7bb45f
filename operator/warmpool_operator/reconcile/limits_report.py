"""What the status says of the ingress: the limits in force, what they bound, and what is not in force."""

from warmpool_operator.admission.dialects import DIALECTS
from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.names import Reason
from warmpool_operator.api.status import LimitsStatus
from warmpool_operator.desired.pool import Pool
from warmpool_operator.reconcile.conditions import Finding
from warmpool_operator.reconcile.limiting import Guard, expression
from warmpool_operator.reconcile.times import rfc3339


def limits_status(pool: Pool, guard: Guard) -> LimitsStatus | None:
    """Return the limits as the status shows them, None without any."""
    followed, wish = guard.limiting.followed, pool.spec.ingress
    if followed is None or wish is None:
        return None
    counter = DIALECTS[wish.dialect].counts_per
    if wish.limits.scope == "Pool":
        text = "for the whole pool and each replica of the controller; see the IngressLimited condition"
    else:
        text = f"per {counter}; not a limit of the pool as a whole: that is the queue in each pod"
    return LimitsStatus(
        connections=followed.limit.connections,
        rate=followed.limit.rate,
        changed=rfc3339(followed.changed_ms),
        message=text,
    )


def ingress_findings(pool: Pool, guard: Guard) -> list[Finding]:
    """Return whether the ingress does all that it is asked for; nothing without an Ingress."""
    if pool.spec.ingress is None:
        return []
    expressed = expression(pool, guard.limiting.limit, warming=False)
    if guard.refused is not None:
        return [Finding(Type.INGRESS_LIMITED, True, Reason.WRITE_REFUSED, guard.refused)]
    if expressed.missing:
        return [Finding(Type.INGRESS_LIMITED, True, Reason.NOT_EXPRESSED, "; ".join(expressed.missing))]
    if expressed.unverified:
        return [Finding(Type.INGRESS_LIMITED, None, Reason.UNVERIFIED, "; ".join(expressed.unverified))]
    return [Finding(Type.INGRESS_LIMITED, False, Reason.FULLY_EXPRESSED)]
