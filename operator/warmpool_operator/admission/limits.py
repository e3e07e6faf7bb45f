"""Neutral limits: what an ingress should let through, before any controller's dialect.

A limit at the ingress is a coarse outer guard; the exact bound is the bounded queue inside each pod.
"""

from dataclasses import dataclass

from warmpool_operator.api.ingress import Limits
from warmpool_operator.capacity.arithmetic import ceil_div


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What an ingress should enforce.

    Attributes:
        connections: concurrent requests per client address and controller replica, at least 1.
        tries: pods that one client request may be sent to before its 429 or 503 is final.
    """

    connections: int
    tries: int = 2


def static_intent(limits: Limits, *, floor: int, slots_per_pod: int) -> Intent | None:
    """Return limits computed from the warm floor alone, or None if limits are off.

    Args:
        limits: the pool's wish.
        floor: warm floor in pods; taken as at least one, so that a limit is never 0 (ingress-nginx reads 0 as
            no limit).
        slots_per_pod: requests that one pod computes and queues.
    """
    if limits.mode == "Disabled":
        return None
    slots = max(1, floor) * slots_per_pod
    share = ceil_div(slots * limits.headroom_percent, 100 * limits.clients * limits.controller_replicas)
    return Intent(connections=max(1, share))
