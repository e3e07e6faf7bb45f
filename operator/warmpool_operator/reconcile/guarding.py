"""Writing the Ingress, without making the pool wait for it.

An ingress controller's webhook renders and tests its whole configuration before a write is let through:
tenths of a second with a few Ingresses, seconds with a thousand, and nothing at all while it is down. Scaling
must not stand still meanwhile, so the write is a task of its own: a reconcile waits for it a little and goes
on. What it is refused with becomes the condition IngressLimited.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from warmpool_operator.api import names
from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.startup import Startups
from warmpool_operator.desired.drift import drifted
from warmpool_operator.desired.pool import Manifest, Pool, controller_uid
from warmpool_operator.desired.warming import warming_endpoints, warming_service
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.reconcile.limiting import Guard, wanted_ingress
from warmpool_operator.reconcile.plan import Plan
from warmpool_operator.reconcile.roster import Roster
from warmpool_operator.reconcile.state import PoolState
from warmpool_operator.runtime.errors import Conflict, KubeError
from warmpool_operator.runtime.kube import KubeClient
from warmpool_operator.runtime.resources import ENDPOINTSLICES, INGRESSES, SERVICES, ObjectRef, Resource
from warmpool_operator.warming.desk import Stand, stand_for
from warmpool_operator.warming.front import Front

PATIENCE_SECONDS = 0.3
"""A write without a webhook takes hundredths of a second, and then its result is in the same tick's status."""
RETRY_MS = 15_000


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write: what is to be done, and what is undone by it.

    Attributes:
        prepare: look after the Service that answers while no pod is warm.
        apply: the Ingress to apply.
        delete: the Ingress to delete.
        edited: paths at which the live Ingress is not what was last asked for.
    """

    prepare: bool = False
    apply: Manifest | None = None
    delete: Manifest | None = None
    edited: tuple[str, ...] = ()


class Guards:
    """Keeps Ingresses as they should be.

    Args:
        client: the API server.
        cache: last known children; receives what the writes return.
        front: what answers while a pool has no warm pod.
        now_ms: milliseconds since the epoch.
    """

    def __init__(self, client: KubeClient, cache: Cache, *, front: Front, now_ms: Callable[[], int]) -> None:
        self._client = client
        self._cache = cache
        self._front = front
        self._warming = front.address
        self._now_ms = now_ms

    @property
    def answers(self) -> bool:
        """Whether the operator answers while a pool has no warm pod."""
        return self._warming is not None

    async def follow(self, state: PoolState, pool: Pool, roster: Roster) -> list[str]:
        """Follow the pods that are ready, at the desk and at the Ingress, before any of them retires.

        Returns:
            Paths that somebody else had changed and that were set back.
        """
        ready = any(member.serving for member in roster)
        self._front.desk.attend(Key(pool.namespace, pool.name), stand_of(pool, state.startups, ready=ready))
        ours = state.decision is not None and not (state.yields or pool.spec.scaling.hpa.adds_pods)
        desired = state.decision.desired if state.decision is not None and ours else None
        state.guard.limiting.look(pool, roster, desired=desired, now_ms=self._now_ms())
        return [] if pool.hands_off else await self.keep(state.guard, pool)

    def forget(self, key: Key) -> None:
        """Turn nobody away any more in the name of a pool that is gone."""
        self._front.desk.attend(key, None)

    async def keep(self, guard: Guard, pool: Pool) -> list[str]:
        """Make the Ingress what the limits say, or go on with it.

        Returns:
            Paths that somebody else had changed and that were set back.
        """
        if guard.task is None and self._now_ms() >= guard.retry_ms:
            guard.wanted, write = self._due(guard, pool)
            if write is not None:
                guard.everything = guard.prepare = False
                guard.task = asyncio.create_task(self._carry_out(pool, write))
                await asyncio.wait({guard.task}, timeout=PATIENCE_SECONDS)
        if guard.task is None or not guard.task.done():
            return []
        task, guard.task = guard.task, None
        try:
            corrected = task.result()
        except KubeError as error:
            guard.refused, guard.retry_ms = str(error), self._now_ms() + RETRY_MS
            guard.everything = guard.prepare = True
            return []
        guard.refused = None
        return corrected

    def _due(self, guard: Guard, pool: Pool) -> tuple[Manifest | None, Write | None]:
        """Return the Ingress as it should be, and the write that is due, if any."""
        live = self._cache.child(Key(pool.namespace, pool.name), INGRESSES.kind)
        wanted = wanted_ingress(pool, guard.limiting.limit, warming=self.answers)
        if wanted is None:
            return None, None if live is None else Write(delete=live)
        apply = guard.everything or live is None or bool(drifted(wanted, live))
        prepare = guard.prepare and self.answers
        if not apply and not prepare:
            return wanted, None
        # Against what was asked for before: a limit that moved is no edit of somebody else.
        edited = drifted(guard.wanted, live) if guard.wanted is not None and live is not None else []
        return wanted, Write(prepare=prepare, apply=wanted if apply else None, edited=tuple(edited))

    async def _carry_out(self, pool: Pool, write: Write) -> list[str]:
        key = Key(pool.namespace, pool.name)
        if write.prepare and self._warming is not None:
            # Before the Ingress: ingress-nginx looks for the Service once, when it reads the annotation.
            await self._keep_other(SERVICES, warming_service(pool), pool)
            await self._keep_other(ENDPOINTSLICES, warming_endpoints(pool, self._warming), pool)
        if write.delete is not None:
            ref = ObjectRef(INGRESSES, pool.namespace, pool.name)
            await self._client.delete(ref, uid=write.delete["metadata"]["uid"])
            self._cache.drop_child(key, INGRESSES.kind)
        if write.apply is not None:
            applied = await self._client.apply(INGRESSES, write.apply, manager=names.MANAGER)
            self._cache.put_child(key, INGRESSES.kind, applied)
        return [f"{INGRESSES.kind}{path}" for path in write.edited]

    async def _keep_other(self, resource: Resource, wanted: Manifest, pool: Pool) -> None:
        ref = ObjectRef(resource, pool.namespace, wanted["metadata"]["name"])
        live = await self._client.get(ref)
        if live is not None and controller_uid(live) != pool.uid:
            raise Conflict(
                409, Reason.NAME_TAKEN, f"{ref} exists and does not belong to this pool; remove it"
            )
        if live is None or drifted(wanted, live):
            await self._client.apply(resource, wanted, manager=names.MANAGER)


def stand_of(pool: Pool, startups: Startups, *, ready: bool) -> Stand | None:
    """Return what the desk needs to know of a pool, None if no Ingress leads to it."""
    wish = pool.spec.ingress
    if wish is None:
        return None
    return stand_for(
        host=wish.host,
        path=wish.path,
        ready=ready,
        p95_ms=startups.percentile(95),
        timeout_ms=pool.spec.startup.timeout_seconds * 1000,
        keep_alive_ms=pool.spec.scaling.keep_alive_seconds * 1000,
    )


def limit_first(moves: Plan, guard: Guard) -> Plan:
    """Return the moves without those that have to wait until a lower limit is in force."""
    if not moves.retire or not guard.lowering:
        return moves
    message = "the limit at the ingress is lowered first, at most every 30 s"
    return replace(moves, retire=(), blocked=(Reason.LIMIT_NOT_LOWERED, message))
