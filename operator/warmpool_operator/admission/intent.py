"""Neutral intent: what an ingress should let through, before any controller's dialect.

A limit at the ingress is a coarse outer guard; the exact bound is the bounded queue inside each pod. Limits
come from the request slots of the pods that are ready now, never from a wish: a burst that finds three of ten
pods warm is a burst on three pods.
"""

from dataclasses import dataclass, field

from warmpool_operator.api.ingress import Ingress, Limits, Timeouts
from warmpool_operator.capacity.arithmetic import ceil_div

LEAST_RATE = 2
"""Whole requests per second: a rate of 1 would refuse the second of two requests that come together."""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What the pods that count can take.

    Attributes:
        pods: how many they are; taken as at least one, so that a limit is never 0 (ingress-nginx reads 0 as
            none).
        slots_per_pod: requests that one of them computes and queues.
        concurrency: requests that one of them computes at once.
        service_ms: mean milliseconds of computing one request; None while nothing was measured.
    """

    pods: int
    slots_per_pod: int
    concurrency: int
    service_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The two numbers that follow capacity, for one counter of the ingress: one client, or one pool.

    Attributes:
        connections: requests at once, at least 1.
        rate: requests per second, None if not limited by rate.
    """

    connections: int
    rate: int | None = None


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What an ingress should enforce for one pool.

    Attributes:
        limit: the numbers, None for no limits.
        per_pool: whether one counter is meant for the whole pool, rather than one for each client address.
        allowlist: addresses and networks that are not limited.
        tries: pods that one client request may be sent to before its 429 or 503 is final; 1 never retries.
        timeouts: of the connection to a pod.
        unmeasured: whether a rate is wanted that nothing was measured for yet, or that is below LEAST_RATE.
        warming_service: Service that answers while no pod is ready, None for the controller's own answer.
    """

    limit: Limit | None = None
    per_pool: bool = False
    allowlist: tuple[str, ...] = ()
    tries: int = 2
    timeouts: Timeouts = field(default_factory=Timeouts)
    unmeasured: bool = False
    warming_service: str | None = None


def limit_of(limits: Limits, capacity: Capacity) -> Limit | None:
    """Return the limit that a capacity allows, None if limits are off.

    Every counter gets its share, rounded up, so that all of them together let at least the capacity through.
    The rate is what the pods compute in a second at their measured speed, with the same headroom.
    """
    if limits.mode == "Disabled":
        return None
    counters = limits.controller_replicas * (limits.clients if limits.scope == "Client" else 1)
    pods = max(1, capacity.pods)
    slots = pods * max(1, capacity.slots_per_pod)
    connections = ceil_div(slots * limits.headroom_percent, 100 * counters)
    return Limit(connections=max(1, connections), rate=_rate(limits, capacity, pods, counters))


def intent_of(ingress: Ingress, limit: Limit | None, *, warming_service: str | None = None) -> Intent:
    """Return everything that an ingress is asked for, with the limit in force."""
    wants_rate = ingress.limits.rate == "Measured" and limit is not None
    return Intent(
        limit=limit,
        per_pool=ingress.limits.scope == "Pool",
        allowlist=tuple(ingress.limits.allowlist),
        tries=ingress.tries,
        timeouts=ingress.timeouts,
        unmeasured=wants_rate and limit is not None and limit.rate is None,
        warming_service=warming_service,
    )


def _rate(limits: Limits, capacity: Capacity, pods: int, counters: int) -> int | None:
    if limits.rate != "Measured" or not capacity.service_ms:
        return None
    computed = pods * capacity.concurrency * 1000 * limits.headroom_percent
    rate = computed // (capacity.service_ms * 100 * counters)
    return rate if rate >= LEAST_RATE else None
