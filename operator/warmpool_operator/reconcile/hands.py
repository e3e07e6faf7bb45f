"""The writes that change the number of pods. Nothing else in the operator does.

The HPA is written first and `/scale` after it: the HPA acts at its next sync, up to 15 s later, and `/scale` at
once. `/scale` is only ever raised, under the resourceVersion it was read at, so that it never works against the
HPA or against a person; the one exception is the last pod of a pool that is kept at zero, because an HPA cannot go
there. An HPA at 0 replicas is out of service until somebody raises `/scale`, so waking is `/scale`'s as well.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from warmpool_operator.api import names
from warmpool_operator.desired.drift import drifted
from warmpool_operator.desired.hpa import Bounds, bounds_of, exact, floor, horizontal_pod_autoscaler
from warmpool_operator.desired.pool import Pool, controller_uid
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.observe.pods import PodView
from warmpool_operator.observe.scrape import Scraper, Target
from warmpool_operator.reconcile.plan import Plan
from warmpool_operator.reconcile.rivals import scale_is_owned
from warmpool_operator.reconcile.roster import Member, Roster
from warmpool_operator.runtime.errors import Conflict, NotFound
from warmpool_operator.runtime.kube import KubeClient, Scale
from warmpool_operator.runtime.resources import DEPLOYMENTS, HPAS, PODS, ObjectRef

SCALE_TRIES = 3


class NameTakenError(Exception):
    """An object with the name of a child belongs to somebody else."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What one tick has changed.

    Attributes:
        bounds: (from, to) of the HPA or, from and to zero, of `/scale`; None if all was right already.
        corrected: paths of the HPA that somebody else had changed.
        retired: pods that said yes to being retired.
        restored: pods that came back.
    """

    bounds: tuple[int, int] | None = None
    corrected: tuple[str, ...] = ()
    retired: int = 0
    restored: int = 0

    @property
    def asleep(self) -> bool:
        """Whether the last pod was taken."""
        return self.bounds is not None and self.bounds[1] == 0


class Hands:
    """Carries out plans.

    Args:
        client: the API server.
        scraper: the pods' admin ports.
        cache: the last known children; receives what the writes return.
    """

    def __init__(self, client: KubeClient, scraper: Scraper, cache: Cache) -> None:
        self._client = client
        self._scraper = scraper
        self._cache = cache
        self._written: dict[Key, Bounds] = {}

    def forget(self, key: Key) -> None:
        """Forget a pool that is gone."""
        self._written.pop(key, None)

    async def carry_out(self, pool: Pool, plan: Plan, *, ceiling: int, token: str) -> Moved:
        """Make the moves of one tick: deletion costs, bounds, then pods back, then `/scale`, then retirements.

        Args:
            pool: the pool.
            plan: the moves.
            ceiling: most pods in force, up to which an HPA with metrics of its own may go.
            token: opens the pods' admin ports.

        Raises:
            NameTakenError: the HPA's name belongs to somebody else; nothing was written.
            KubeError: the API server refused or could not be reached; the next tick tries again.
        """
        await self._price(pool, plan.costs)
        bounds, corrected = await self._hold(pool, plan, ceiling)
        restored = await self._tell(pool, plan.restore, token=token, retire=False)
        crossed = await self._scale(pool, plan.replicas)
        retired = await self._tell(pool, plan.retire, token=token, retire=True)
        return Moved(bounds=crossed or bounds, corrected=corrected, retired=retired, restored=restored)

    async def _price(self, pool: Pool, costs: Mapping[str, int]) -> None:
        """Write deletion costs that changed, and take away those that no shrink needs any more."""
        key = Key(pool.namespace, pool.name)
        for pod in self._cache.pods(key):
            metadata = pod["metadata"]
            cost = costs.get(metadata["name"])
            wanted = None if cost is None else str(cost)
            if (metadata.get("annotations") or {}).get(names.DELETION_COST) == wanted:
                continue
            patch = {"metadata": {"uid": metadata["uid"], "annotations": {names.DELETION_COST: wanted}}}
            ref = ObjectRef(PODS, pool.namespace, metadata["name"])
            try:
                priced = await self._client.merge_patch(ref, patch, manager=names.SCALE_MANAGER)
            except (NotFound, Conflict):
                continue  # gone, or another pod of that name
            self._cache.put_pod(key, priced)

    async def _hold(
        self, pool: Pool, plan: Plan, ceiling: int
    ) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
        key = Key(pool.namespace, pool.name)
        live = self._cache.child(key, HPAS.kind)
        if live is None:
            live = await self._client.get(ObjectRef(HPAS, pool.namespace, pool.name))
        if live is not None and controller_uid(live) != pool.uid:
            raise NameTakenError(f"{HPAS.kind} {pool.namespace}/{pool.name}")
        before = None if live is None else bounds_of(live)
        adds = pool.spec.scaling.hpa.adds_pods
        bounds = floor(plan.replicas, ceiling) if adds else exact(held(plan, before))
        wanted = horizontal_pod_autoscaler(pool, bounds)
        drift = drifted(wanted, live) if live is not None else ["."]
        if not drift:
            return None, ()
        applied = await self._client.apply(HPAS, wanted, manager=names.SCALE_MANAGER)
        self._cache.put_child(key, HPAS.kind, applied)
        edited = before is not None and before != self._written.get(key, before)
        self._written[key] = bounds
        return _change(before, bounds), _foreign(drift, edited=edited) if live is not None else ()

    async def _scale(self, pool: Pool, replicas: int) -> tuple[int, int] | None:
        """Raise `/scale`, or take the last pod; return (from, to) if the pool went from or to zero."""
        known = self._cache.child(Key(pool.namespace, pool.name), DEPLOYMENTS.kind)
        if known is not None:
            live = int(known["spec"].get("replicas", 1))
            if not _may_scale(live, replicas):
                if scale_is_owned(known):
                    return None
                replicas = (
                    live  # once and without effect, so that from now on a hand on `/scale` leaves its name
                )
        ref = ObjectRef(DEPLOYMENTS, pool.namespace, pool.name)
        for _ in range(SCALE_TRIES):
            scale = await self._client.get_scale(ref)
            if scale is None or (scale.replicas != replicas and not _may_scale(scale.replicas, replicas)):
                return None
            try:
                written = await self._client.set_scale(
                    ref, replicas, resource_version=scale.resource_version, manager=names.SCALE_MANAGER
                )
            except Conflict:
                continue  # the Deployment changed in between: read again, decide again
            self._remember(pool, written)
            crossed = 0 in (scale.replicas, replicas) and scale.replicas != replicas
            return (scale.replicas, replicas) if crossed else None
        return None

    def _remember(self, pool: Pool, scale: Scale) -> None:
        """Let the next tick see what was written, not what the watch has told so far."""
        key = Key(pool.namespace, pool.name)
        known = self._cache.child(key, DEPLOYMENTS.kind)
        if known is not None:
            metadata = {**known["metadata"], "resourceVersion": scale.resource_version}
            spec = {**known["spec"], "replicas": scale.replicas}
            self._cache.put_child(key, DEPLOYMENTS.kind, {**known, "metadata": metadata, "spec": spec})

    async def _tell(self, pool: Pool, members: Roster, *, token: str, retire: bool) -> int:
        call = self._scraper.retire if retire else self._scraper.restore
        targets = [target for member in members if (target := target_of(pool, member)) is not None]
        return sum(await asyncio.gather(*(call(target, token=token) for target in targets)))


def held(plan: Plan, live: Bounds | None) -> int:
    """Return where the HPA should hold the workload: a shrink never raises its bounds.

    More replicas than were ever asked for are a person's `kubectl scale`; following them would carry the HPA above
    the ceiling, while leaving it alone has it take those pods away again.
    """
    if live is None:
        return plan.replicas
    return min(plan.replicas, max(plan.desired, live.high))


def _may_scale(live: int, wanted: int) -> bool:
    return wanted > live or (wanted == 0 and live == 1)


def source_of(pool: Pool, view: PodView) -> Target:
    """Return where a pod tells its load."""
    server = pool.spec.server
    metrics = server.load_metrics
    port = server.admin_port if metrics is None else metrics.port or server.port
    return Target(
        uid=view.uid, ip=view.ip or "", port=port, metrics=metrics, slots=server.container_concurrency
    )


def target_of(pool: Pool, member: Member) -> Target | None:
    """Return where a pod's admin port is, None before it has an address."""
    if member.view.ip is None:
        return None
    return Target(uid=member.view.uid, ip=member.view.ip, port=pool.spec.server.admin_port)


def _change(before: Bounds | None, after: Bounds) -> tuple[int, int] | None:
    if before is None:
        return 0, after.low
    return (before.low, after.low) if before.low != after.low else None


def _foreign(drift: list[str], *, edited: bool) -> tuple[str, ...]:
    """Tell a hand that edited from a decision that moved on: other bounds than were written last are nobody's."""
    bounds = (".spec.minReplicas", ".spec.maxReplicas")
    return (*(path for path in drift if path not in bounds), *(bounds if edited else ()))
