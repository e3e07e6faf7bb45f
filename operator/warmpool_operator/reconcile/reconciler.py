"""`reconcile(key)`: the one function that makes a pool what it should be.

Level-triggered: it gets a key and looks at the world, never at what has happened. It runs on every tick and on
every event; only the structural half (children other than the HPA) waits until it is due. Safe to stop after any
line: the next run starts over.
"""

from collections.abc import Callable

from warmpool_operator.capacity.record import Record
from warmpool_operator.desired.pool import Pool
from warmpool_operator.desired.token import admin_token
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.pods import Stage, counts, evicted, rejected_pods, view
from warmpool_operator.observe.scrape import Failure, Scraper
from warmpool_operator.observe.volumes import dropped_volume
from warmpool_operator.reconcile.children import apply_children, wanted_children
from warmpool_operator.reconcile.deciding import decide_for, look_at, share
from warmpool_operator.reconcile.guarding import Guards, limit_first
from warmpool_operator.reconcile.hands import Hands, NameTakenError, source_of
from warmpool_operator.reconcile.kept import restored
from warmpool_operator.reconcile.measure import measure
from warmpool_operator.reconcile.news import News
from warmpool_operator.reconcile.pacing import pace
from warmpool_operator.reconcile.plan import Plan, moves_of
from warmpool_operator.reconcile.publish import Publisher
from warmpool_operator.reconcile.reading import InvalidSpecError, parse_pool, read_children, read_pool
from warmpool_operator.reconcile.rivals import Rivals
from warmpool_operator.reconcile.roster import Member, Roster, alive
from warmpool_operator.reconcile.state import REFUSED_RETRY_MS, RESYNC_MS, PoolState
from warmpool_operator.runtime.errors import Forbidden, Invalid
from warmpool_operator.runtime.kube import KubeClient
from warmpool_operator.runtime.resources import DEPLOYMENTS, INGRESSES
from warmpool_operator.warming.front import Front


class Reconciler:
    """Reconciles pools, one at a time per key.

    Args:
        client: the API server.
        scraper: the pods' admin ports.
        cache: last known pods and children, fed by watches.
        news: events and metrics.
        token_key: secret key of the operator from which the pools' admin tokens are derived.
        now_ms: milliseconds since the epoch, never running backwards.
        front: what answers while a pool has no warm pod, and counts who was told to come back.
        namespace_ceiling: pods that all pools of one namespace may have together, None without such a ceiling.
    """

    def __init__(
        self,
        client: KubeClient,
        scraper: Scraper,
        cache: Cache,
        news: News,
        *,
        token_key: bytes,
        now_ms: Callable[[], int],
        front: Front | None = None,
        namespace_ceiling: int | None = None,
    ) -> None:
        self._client = client
        self._scraper = scraper
        self._cache = cache
        self._news = news
        self._token_key = token_key
        self._now_ms = now_ms
        self._namespace_ceiling = namespace_ceiling
        self._front = front or Front(now_ms)
        self._guards = Guards(client, cache, front=self._front, now_ms=now_ms)
        self._hands = Hands(client, scraper, cache)
        self._rivals = Rivals(client, now_ms=now_ms)
        self._publisher = Publisher(client, news, now_ms=now_ms)
        self._states: dict[Key, PoolState] = {}

    def known_pools(self) -> list[Key]:
        """Return the pools that exist, as far as is known: what a tick wakes."""
        return list(self._states)

    def touch(self, key: Key) -> None:
        """Have the next reconcile of a pool read it and its children anew."""
        self._states.setdefault(key, PoolState()).structure_due_ms = 0

    def record(self, key: Key) -> Record | None:
        """Return the record of a pool's decisions, None if no such pool is known."""
        state = self._states.get(key)
        return None if state is None else state.record

    def wanted(self, key: Key, kind: str) -> dict[str, object] | None:
        """Return what was last asked of a child, None if nothing was."""
        state = self._states.get(key)
        if state is None:
            return None
        return state.guard.wanted if kind == INGRESSES.kind else state.wanted.get(kind)

    async def reconcile(self, key: Key) -> None:
        """Bring one pool closer to what its spec says, and say in its status how far it is.

        Raises:
            KubeError: the API server could not be reached or was busy; call again later.
        """
        state = self._states.setdefault(key, PoolState())
        if self._now_ms() >= state.structure_due_ms and not await self._structure(key, state):
            self._forget(key)
            return
        if state.pool is None or state.conflicts:
            await self._publisher.stopped(state)
            return
        roster = await self._look(key, state, state.pool)
        live = self._cache.child(key, DEPLOYMENTS.kind)
        dropped = dropped_volume(state.pool.spec, live)
        gone = evicted(self._cache.pods(key), now_ms=self._now_ms())
        state.rejected = dropped or rejected_pods(live) or gone
        await self._decide(state, state.pool, key, roster)
        await self._rivals.note(state, state.pool, self._cache)
        moves = await self._act(state, state.pool, key, roster)
        milestones = self._cache.milestones(key)
        await measure(
            state, roster, milestones, key=key, client=self._client, news=self._news, now_ms=self._now_ms()
        )
        await self._publisher.running(state, state.pool, roster, moves, milestones=milestones)

    async def _structure(self, key: Key, state: PoolState) -> bool:
        """Read the pool and its children, apply what differs. Returns False if the pool is gone."""
        # Set before anything is read: an event that comes while this runs must make it due again.
        state.structure_due_ms = self._now_ms() + RESYNC_MS
        try:
            body = await read_pool(self._client, key)
            if body is None:
                return False
            state.take(body, restored(body.get("status") or {}))
            done = await self._follow(state)
        except BaseException:
            state.structure_due_ms = 0
            raise
        if not done:
            state.structure_due_ms = min(state.structure_due_ms, self._now_ms() + REFUSED_RETRY_MS)
        return True

    async def _follow(self, state: PoolState) -> bool:
        """Make the children follow the spec that was read. Returns False if only a person can help."""
        try:
            pool = state.pool = parse_pool(state.body)
        except InvalidSpecError as error:
            state.pool, state.invalid = None, str(error)
            return True  # nothing changes until the spec does, and that is an event
        state.invalid = None
        try:
            state.conflicts = await read_children(self._client, pool, self._cache)
        except Forbidden as error:
            state.refused = str(error)
            return False
        if state.conflicts:
            return False
        state.rivals = await self._rivals.of(pool)
        return pool.hands_off or bool(state.rivals) or await self._apply(state, pool)

    async def _apply(self, state: PoolState, pool: Pool) -> bool:
        state.wanted = wanted_children(pool, admin_token=self._token(pool))
        everything = state.applied_generation != pool.generation
        try:
            corrected = await apply_children(
                self._client, pool, self._cache, state.wanted, everything=everything
            )
        except (Forbidden, Invalid) as error:
            state.refused = str(error)
            return False
        state.refused = None
        state.applied_generation = pool.generation
        state.guard.everything, state.guard.prepare = state.guard.everything or everything, True
        if corrected and not everything:
            self._news.corrected(state.body, corrected)
        return True

    async def _look(self, key: Key, state: PoolState, pool: Pool) -> Roster:
        """Return the pool's pods with what the warm ones say in this tick."""
        views = [view(pod) for pod in self._cache.pods(key) if counts(pod)]
        warm = [pod for pod in views if pod.stage is Stage.WARM and not pod.terminating and pod.ip]
        asked_ms = self._now_ms()
        answers = await self._scraper.scrape(source_of(pool, pod) for pod in warm)
        now_ms = self._now_ms()
        failures = [answer for answer in answers.values() if isinstance(answer, Failure)]
        self._news.scraped(key, failures, seconds=(now_ms - asked_ms) / 1000)
        reports = {uid: answer for uid, answer in answers.items() if isinstance(answer, LoadReport)}
        unready = {pod.uid for pod in views if not pod.ready}
        state.note_out({uid for uid, report in reports.items() if report.draining and uid in unready}, now_ms)
        return tuple(
            Member(view=pod, report=reports.get(pod.uid), out_ms=state.out_for(pod.uid, now_ms))
            for pod in views
        )

    async def _decide(self, state: PoolState, pool: Pool, key: Key, roster: Roster) -> None:
        """Decide how many pods the pool should have, remember it, and have the Ingress follow."""
        held = self._front.held(key)
        seen = look_at(state, pool, roster, replicas=self._replicas(key, roster), held=held)
        others = (
            other for name, other in self._states.items() if name.namespace == key.namespace and name != key
        )
        ceiling = share(self._namespace_ceiling, state, roster, others)
        decide_for(state, pool, roster, seen, namespace_ceiling=ceiling, now_ms=self._now_ms())
        if corrected := await self._guards.follow(state, pool, roster):
            self._news.corrected(state.body, corrected)

    async def _act(self, state: PoolState, pool: Pool, key: Key, roster: Roster) -> Plan | None:
        """Carry the decision out. Returns the plan, or None if nothing may be written."""
        decision = state.decision
        if decision is None or self._cache.child(key, DEPLOYMENTS.kind) is None:
            return None
        replicas = self._replicas(key, roster)
        state.pace = pace(state, pool, decision, roster, replicas=replicas, now_ms=self._now_ms())
        if pool.hands_off or state.yields:
            return None
        moves = moves_of(pool, decision.desired, state.pace, replicas=replicas, roster=alive(roster))
        moves = limit_first(moves, state.guard)
        try:
            moved = await self._hands.carry_out(
                pool, moves, ceiling=decision.terms.ceiling, token=self._token(pool)
            )
        except NameTakenError as error:
            state.conflicts = [str(error)]
            state.structure_due_ms = self._now_ms() + REFUSED_RETRY_MS
            return None
        except (Forbidden, Invalid) as error:
            state.refused = str(error)
            state.structure_due_ms = min(state.structure_due_ms, self._now_ms() + REFUSED_RETRY_MS)
            return moves
        state.awake = state.awake and not moved.asleep
        self._news.moved(state.body, key, decision, moved)
        return moves

    def _replicas(self, key: Key, roster: Roster) -> int:
        """Return the pods that the workload is asked to have; before it exists, those that do."""
        live = self._cache.child(key, DEPLOYMENTS.kind)
        return len(alive(roster)) if live is None else int(live["spec"].get("replicas", 1))

    def _token(self, pool: Pool) -> str:
        return admin_token(self._token_key, pool_uid=pool.uid)

    def _forget(self, key: Key) -> None:
        del self._states[key]
        for memory in (self._cache, self._hands, self._guards):
            memory.forget(key)
        self._news.forgotten(key)
