"""Which conditions of a pool call for a person."""

from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.names import Reason
from warmpool_operator.api.status import Condition, PoolStatus

BY_WEIGHT = (
    Type.CONFLICT,
    Type.STARTUP_FAILING,
    Type.UNSCHEDULABLE,
    Type.SLOW_START,
    Type.METRICS_FRESH,
    Type.SCALING_LIMITED,
    Type.SETTINGS_FIT,
    Type.INGRESS_LIMITED,
    Type.PAUSED,
    Type.READY,
)
"""What is looked at, the gravest first; `Ready` last, since the others say why it is not."""
WANTED_TRUE = frozenset({Type.READY, Type.METRICS_FRESH, Type.SETTINGS_FIT})
NORMAL = frozenset({Reason.NO_WARM_ENDPOINT})
"""Reasons that every pool has for as long as its first pod loads."""


def troubles(status: PoolStatus) -> list[Condition]:
    """Return the conditions that are not as they should be, the gravest first."""
    found = {condition.type: condition for condition in status.conditions}
    ordered = (found[kind] for kind in BY_WEIGHT if kind in found)
    return [each for each in ordered if _wrong(each) and each.reason not in NORMAL]


def _wrong(condition: Condition) -> bool:
    return condition.status == ("False" if condition.type in WANTED_TRUE else "True")
