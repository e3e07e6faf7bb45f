"""Leader election with a real API server: the lease goes from one to the other."""

import asyncio

from warmpool_operator.runtime.kube_aio import AioKubeClient
from warmpool_operator.runtime.lease import LeaderElector, LeaseSettings
from warmpool_operator.runtime.resources import LEASES, ObjectRef


async def test_the_lease_goes_from_one_to_the_other(kube: AioKubeClient, namespace: str) -> None:
    def elector(identity: str) -> LeaderElector:
        times = {"lease_duration": 5, "renew_deadline": 3, "retry_period": 0.5}
        settings = LeaseSettings(namespace, "lock", identity, **times)
        return LeaderElector(kube, settings, on_started=lambda: None, on_lost=lambda: None)

    async def until_leader(one: LeaderElector) -> None:
        async with asyncio.timeout(30):
            while not one.is_leader:  # noqa: ASYNC110 - the property looks at the clock, nothing tells of it
                await asyncio.sleep(0.05)

    first, second = elector("a"), elector("b")
    tasks = [asyncio.create_task(first.run())]
    await until_leader(first)
    tasks.append(asyncio.create_task(second.run()))
    await asyncio.sleep(6)
    assert first.is_leader
    assert not second.is_leader
    tasks[0].cancel()
    await until_leader(second)
    lease = await kube.get(ObjectRef(LEASES, namespace, "lock"))
    assert lease is not None
    assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("b", 1)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
