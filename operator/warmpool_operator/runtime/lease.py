"""Leader election on a `Lease`, so that of two operators one acts.

Invariants: a leader stops to be one `renew_deadline` after it *sent* its last successful renewal,
whatever hangs, and others take over no earlier than `lease_duration` after they *saw* the lease
change; the first is shorter than the second, so clocks need no agreement, only like speed.
`is_leader` looks at the clock itself, because a process that was stopped and resumed runs this
code later than it should.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from warmpool_operator.runtime.errors import Conflict, KubeError, NotFound
from warmpool_operator.runtime.kube import Manifest
from warmpool_operator.runtime.lease_record import LeaseRecord
from warmpool_operator.runtime.resources import LEASES, ObjectRef, Resource

T = TypeVar("T")

# In the last hundredth of a second no call is answered any more.
MARGIN = 0.01

log = logging.getLogger(__name__)


class LeaseClient(Protocol):
    """The part of `KubeClient` that an election needs."""

    async def get(self, ref: ObjectRef) -> Manifest | None:
        """See `KubeClient.get`."""

    async def create(
        self, resource: Resource, namespace: str, manifest: Manifest, *, manager: str
    ) -> Manifest:
        """See `KubeClient.create`."""

    async def replace(self, ref: ObjectRef, manifest: Manifest) -> Manifest:
        """See `KubeClient.replace`."""


@dataclass(frozen=True)
class LeaseSettings:
    """Which lease, for whom, and how fast; times in seconds, the defaults are client-go's.

    Attributes:
        namespace: Namespace of the lease.
        name: Name of the lease.
        identity: Unlike that of any other process, also of an earlier one in the same pod.
        lease_duration: How long others wait after they saw the last renewal.
        renew_deadline: How long a leader leads after its last successful renewal.
        retry_period: Time between tries.

    Raises:
        ValueError: The times do not keep two leaders apart.
    """

    namespace: str
    name: str
    identity: str
    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.retry_period < self.renew_deadline < self.lease_duration:
            raise ValueError(
                "a lease needs 0 < retry period < renew deadline < lease duration, not "
                f"{self.retry_period:g}, {self.renew_deadline:g}, {self.lease_duration:g} s"
            )


class LeaderElector:
    """Takes, keeps and gives back one lease. `run` it once.

    Args:
        client: Where the lease is.
        settings: See `LeaseSettings`.
        on_started: Called once, when the lease is won.
        on_lost: Called once, when a won lease is lost, not when it is given back on purpose.
        clock: Seconds, monotonic, of the same speed as the event loop's.
    """

    def __init__(
        self,
        client: LeaseClient,
        settings: LeaseSettings,
        *,
        on_started: Callable[[], None],
        on_lost: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._settings, self._clock = client, settings, clock
        self._ref = ObjectRef(LEASES, settings.namespace, settings.name)
        self._on_started, self._on_lost = on_started, on_lost
        self._seen: LeaseRecord | None = None
        self._seen_at = 0.0
        self._leading = False
        self._renewed_at = 0.0

    @property
    def is_leader(self) -> bool:
        """True only while this process may act."""
        return self._leading and self._left() > 0

    @property
    def holder(self) -> str:
        """The holder as last seen, `""` where none is known."""
        return self._seen.holder if self._seen else ""

    async def run(self) -> None:
        """Waits for the lease, keeps it, and returns when it is lost.

        When cancelled it gives the lease back, so that another process follows at once: cancel it
        only after everything that acts as a leader has stopped.
        """
        given_up = False
        try:
            await self._acquire()
            await self._keep()
            # No release from here on: what acts as a leader has only now been told to stop.
            given_up = True
            self._on_lost()
        finally:
            self._leading = False
            if not given_up:
                await self._release()

    async def _acquire(self) -> None:
        while True:
            if await self._attempt(self._settings.renew_deadline / 2):
                break
            await asyncio.sleep(self._pause())
        self._leading = True
        log.info("%s leads: it holds %s", self._settings.identity, self._ref)
        self._on_started()

    def _pause(self) -> float:
        """Seconds until a candidate looks again: at the latest when the lease that it saw runs out.

        Two looks for each renewal, since a renewal that is seen late is waited for that much longer.
        """
        # Up to a fifth longer, as in client-go: candidates must not try in step.
        pause = self._settings.retry_period / 2 * (1 + 0.2 * random.random())  # noqa: S311
        left = self._seen_at + self._seen.duration - self._clock() if self._seen else 0.0
        return min(pause, left) if left > 0 else pause

    async def _keep(self) -> None:
        """Returns when the lease is lost."""
        while True:
            await asyncio.sleep(min(self._settings.retry_period, max(0.0, self._left())))
            if self._left() > MARGIN:
                # Half of the deadline: a try on a dead connection leaves room for another one.
                await self._attempt(min(self._left(), self._settings.renew_deadline / 2))
            other = self.holder not in ("", self._settings.identity)
            if other or self._left() <= MARGIN:
                self._leading = False
                cause = f"{self.holder} holds it" if other else "it could not be renewed in time"
                log.error("%s no longer leads, %s: %s", self._settings.identity, self._ref, cause)
                return

    def _left(self) -> float:
        return self._renewed_at + self._settings.renew_deadline - self._clock()

    async def _attempt(self, seconds: float) -> bool:
        """One try to take or renew the lease, of so many seconds at most. Never raises."""
        sent_at = self._clock()
        try:
            held: bool = await _abandon_after(seconds, self._take_or_renew())
        except (TimeoutError, KubeError) as error:
            log.warning("lease %s: %s", self._ref, str(error) or f"no answer within {seconds:.1f} s")
            return False
        except Exception:
            log.exception("lease %s", self._ref)
            return False
        if held:
            self._renewed_at = sent_at
        return held

    async def _take_or_renew(self) -> bool:
        if self._leading and self._seen is not None:
            try:
                return await self._write(self._seen)
            except (Conflict, NotFound):
                pass  # someone touched it: look first
        lease = await self._client.get(self._ref)
        if lease is None:
            fresh = LeaseRecord.first(self._settings.identity, self._settings.lease_duration)
            made = await self._client.create(
                LEASES, self._ref.namespace, fresh.manifest(self._ref), manager=self._settings.identity[:128]
            )
            self._see(LeaseRecord.read(made))
            return True
        record = LeaseRecord.read(lease)
        self._see(record)
        return await self._write(record) if self._may_take(record) else False

    def _may_take(self, record: LeaseRecord) -> bool:
        if record.holder in ("", self._settings.identity):
            return True
        return not self._leading and self._clock() >= self._seen_at + record.duration

    async def _write(self, record: LeaseRecord) -> bool:
        wanted = record.held_by(self._settings.identity, self._settings.lease_duration)
        self._see(LeaseRecord.read(await self._client.replace(self._ref, wanted.manifest(self._ref))))
        return True

    def _see(self, record: LeaseRecord) -> None:
        if record.holder != self.holder:
            log.info("%s is held by %s", self._ref, record.holder or "no one")
        if record != self._seen:
            self._seen, self._seen_at = record, self._clock()

    async def _release(self) -> None:
        if self._seen is None or self._seen.holder != self._settings.identity:
            return
        try:
            free = self._seen.released().manifest(self._ref)
            await _abandon_after(self._settings.retry_period, self._client.replace(self._ref, free))
            log.info("lease %s given back", self._ref)
        except (TimeoutError, KubeError) as error:
            log.warning("lease %s not given back, others wait for its end: %s", self._ref, error)


async def _abandon_after(seconds: float, call: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.wait_for`, but does not wait for a call that ignores its cancellation."""
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    if not done:
        # Whatever it ends with some day, nobody is left to hear it.
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
        raise TimeoutError
    return task.result()
