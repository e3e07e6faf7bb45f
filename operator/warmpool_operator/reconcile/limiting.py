"""What the ingress should let through now: ready pods in, the limit in force out."""

import asyncio
from dataclasses import dataclass, field

from warmpool_operator.admission.dialect import Expression
from warmpool_operator.admission.dialects import DIALECTS
from warmpool_operator.admission.follow import SETTLED_MS, Followed, follow
from warmpool_operator.admission.intent import Capacity, Limit, intent_of, limit_of
from warmpool_operator.desired.ingress import ingress
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.warming import warming_service_name
from warmpool_operator.reconcile.roster import Member, Roster

SMOOTHING = 0.05
"""Weight of one look, twice a second: ten seconds. What a pod measures of itself swings with every batch, and each
change of a limit is a reload."""


@dataclass
class Limiting:
    """What is remembered of one pool's limits.

    Attributes:
        followed: the limit in force; None before the first look and without limits.
        generation: of the spec that it was made for.
        serving_since_ms: when each pod was first seen serving, by uid; None before the first look.
        slots_per_pod: as the pods tell, on average and smoothed.
        service_ms: mean service time, likewise; None while unknown.
    """

    followed: Followed | None = None
    generation: int | None = None
    serving_since_ms: dict[str, int] | None = None
    slots_per_pod: float | None = None
    service_ms: float | None = None

    @property
    def limit(self) -> Limit | None:
        """The limit in force."""
        return None if self.followed is None else self.followed.limit

    def look(self, pool: Pool, roster: Roster, *, desired: int | None, now_ms: int) -> None:
        """Follow the pods that are ready, less those that are about to be retired.

        Args:
            pool: the pool.
            roster: its pods.
            desired: pods that it should have, None if others decide that: surplus ones are taken out of the limit
                before they are retired.
            now_ms: milliseconds since the epoch.
        """
        settled = self._settled(roster, now_ms)
        self._measure(settled)
        pods = len(settled) if desired is None else min(len(settled), desired)
        target = _target(pool, self._capacity(pool, pods))
        if target is None:
            self.followed = None
        else:
            before = self.followed if self.generation == pool.generation else None
            self.followed = follow(before, target, now_ms=now_ms)
        self.generation = pool.generation

    def _settled(self, roster: Roster, now_ms: int) -> list[Member]:
        """Return the pods that have been serving long enough for the ingress to know of them.

        Those of the first look count at once: a restarted operator must not take them for new.
        """
        known = self.serving_since_ms
        first = now_ms - SETTLED_MS if known is None else now_ms
        serving = [member for member in roster if member.serving]
        since = {member.view.uid: (known or {}).get(member.view.uid, first) for member in serving}
        self.serving_since_ms = since
        return [member for member in serving if now_ms - since[member.view.uid] >= SETTLED_MS]

    def _measure(self, settled: list[Member]) -> None:
        reports = [member.report for member in settled if member.report is not None]
        self.slots_per_pod = _smoothed(self.slots_per_pod, [report.slots for report in reports])
        self.service_ms = _smoothed(self.service_ms, [report.sample.service_ms_mean for report in reports])

    def _capacity(self, pool: Pool, pods: int) -> Capacity:
        return Capacity(
            pods=pods,
            slots_per_pod=round(self.slots_per_pod or configured_slots(pool)),
            concurrency=pool.spec.server.container_concurrency,
            service_ms=round(self.service_ms) if self.service_ms else None,
        )


@dataclass
class Guard:
    """What is remembered of one pool's Ingress.

    Attributes:
        limiting: what it should let through.
        wanted: the Ingress as last asked for.
        refused: why the last write failed.
        retry_ms: before this nothing is tried again.
        everything: whether to apply also what does not differ, because fields may have left the spec.
        prepare: whether to look after the Service that answers while no pod is warm.
        task: the write under way; its result are the edits of others that it undid.
    """

    limiting: Limiting = field(default_factory=Limiting)
    wanted: Manifest | None = None
    refused: str | None = None
    retry_ms: int = 0
    everything: bool = True
    prepare: bool = True
    task: "asyncio.Task[list[str]] | None" = None

    @property
    def lowering(self) -> bool:
        """Whether pods should not retire yet, because a lower limit is not in force."""
        followed = self.limiting.followed
        return followed is not None and (followed.lowering or self.task is not None)


def _smoothed(before: float | None, told: list[int]) -> float | None:
    """Return a running mean of what pods measure; 0 says that nothing was measured."""
    measured = [value for value in told if value > 0]
    if not measured:
        return before
    now = sum(measured) / len(measured)
    return now if before is None else before + SMOOTHING * (now - before)


def configured_slots(pool: Pool) -> int:
    """Return the request slots of one pod as far as its spec tells them.

    A pod of unknown queue room takes about as many waiting requests as it computes.
    """
    server = pool.spec.server
    queue = server.max_queue if server.max_queue is not None else server.container_concurrency
    return server.container_concurrency + queue


def first_limit(pool: Pool) -> Limit | None:
    """Return the limit of a pool of which nothing is known but its spec."""
    return _target(
        pool,
        Capacity(
            pods=1, slots_per_pod=configured_slots(pool), concurrency=pool.spec.server.container_concurrency
        ),
    )


def expression(pool: Pool, limit: Limit | None, *, warming: bool) -> Expression:
    """Return what the pool's dialect makes of a limit; empty without an Ingress.

    Args:
        pool: the pool.
        limit: in force.
        warming: whether the operator answers while no pod is warm.
    """
    wish = pool.spec.ingress
    if wish is None:
        return Expression()
    service = warming_service_name(pool) if warming else None
    return DIALECTS[wish.dialect].express(intent_of(wish, limit, warming_service=service))


def wanted_ingress(pool: Pool, limit: Limit | None, *, warming: bool) -> Manifest | None:
    """Return the Ingress as it should be, None if the pool asks for none."""
    return ingress(pool, annotations=expression(pool, limit, warming=warming).annotations)


def _target(pool: Pool, capacity: Capacity) -> Limit | None:
    if pool.spec.ingress is None:
        return None
    limits = pool.spec.ingress.limits
    if limits.mode == "Static":
        capacity = Capacity(
            pods=pool.spec.scaling.max_replicas,
            slots_per_pod=configured_slots(pool),
            concurrency=capacity.concurrency,
        )
    return limit_of(limits, capacity)
