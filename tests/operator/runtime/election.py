"""A lease in a store that hangs, refuses, delays and forgets to answer, and processes that want it."""

import asyncio
import contextlib
import copy

from warmpool_operator.runtime.errors import Conflict, NotFound, Transient
from warmpool_operator.runtime.lease import LeaderElector, LeaseSettings
from warmpool_operator.runtime.resources import LEASES, ObjectRef

REF = ObjectRef(LEASES, "ops", "warmpool-operator")


class Store:
    """One lease with optimistic concurrency, as the API server keeps it."""

    def __init__(self):
        self.lease, self.version, self.writes = None, 0, []

    def write(self, manifest):
        self.version += 1
        self.lease = copy.deepcopy(manifest)
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        self.writes.append(manifest["spec"])
        return copy.deepcopy(self.lease)

    def create(self, manifest):
        if self.lease is not None:
            raise Conflict(409, "AlreadyExists", "exists")
        return self.write(manifest)

    def replace(self, manifest):
        if self.lease is None:
            raise NotFound(404, "NotFound", "gone")
        if manifest["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Conflict(409, "Conflict", "changed")
        return self.write(manifest)


class Line:
    """One process's connection to the store; `fault` says what happens to its calls."""

    def __init__(self, store):
        self.store, self.fault, self.calls, self.background = store, "ok", 0, set()

    async def get(self, ref):
        return await self._call(lambda: copy.deepcopy(self.store.lease))

    async def create(self, resource, namespace, manifest, *, manager):
        return await self._call(lambda: self.store.create(manifest))

    async def replace(self, ref, manifest):
        return await self._call(lambda: self.store.replace(manifest))

    async def _call(self, act):
        self.calls += 1
        fault = self.fault
        if fault == "error":
            raise Transient(503, "ServiceUnavailable", "down")
        if fault == "slow":
            await asyncio.sleep(1.5)
        if fault == "hang":
            await asyncio.sleep(1e9)
        if fault == "stubborn":
            until = asyncio.get_running_loop().time() + 100
            while asyncio.get_running_loop().time() < until:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(1)
        if fault == "late":  # arrives when the caller has given up
            self._later(act)
            await asyncio.sleep(1e9)
        answer = act()
        if fault == "unanswered":
            await asyncio.sleep(1e9)
        return answer

    def _later(self, act):
        async def arrive():
            await asyncio.sleep(7)
            with contextlib.suppress(Conflict, NotFound):
                act()

        task = asyncio.create_task(arrive())
        self.background.add(task)


class Process:
    """An elector that runs, and what it told."""

    def __init__(self, store, identity, **times):
        self.line, self.told, self.loop = Line(store), [], asyncio.get_running_loop()
        self.elector = LeaderElector(
            self.line,
            LeaseSettings(REF.namespace, REF.name, identity, **times),
            on_started=lambda: self.told.append(("started", self.loop.time())),
            on_lost=lambda: self.told.append(("lost", self.loop.time())),
            clock=self.loop.time,
        )
        self.task = asyncio.create_task(self.elector.run())

    @property
    def leads(self):
        return self.elector.is_leader

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def led(store, identity="a"):
    process = Process(store, identity)
    await asyncio.sleep(0.1)
    assert process.leads
    return process
