"""Looks at a pool twice a second and keeps what it saw: the pool's status, its HPA, and its Deployment."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.capacity.types import Binding
from warmpool_operator.runtime.errors import KubeError
from warmpool_operator.runtime.kube import KubeClient
from warmpool_operator.runtime.resources import DEPLOYMENTS, HPAS, ObjectRef, Resource

POOLS = Resource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
PERIOD_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One look. Demand in requests, everything else in pods.

    Attributes:
        at: Unix time in seconds, of the moment before the look.
        demand: requests being computed, waiting or refused, as the pool's status tells.
        desired: pods that the operator decided on.
        ready: warm pods.
        warming: pods on their way there.
        draining: pods that were retired or are ending.
        hpa_min: minReplicas of the HPA.
        replicas: replicas that the Deployment is asked to have.
        ceiling: most pods in force.
        binding: the term that decided.
    """

    at: float
    demand: int
    desired: int
    ready: int
    warming: int
    draining: int
    hpa_min: int
    replicas: int
    ceiling: int
    binding: str

    @property
    def settled(self) -> bool:
        """Whether the pool has just the pods that it wants, all of them warm."""
        return self.desired == self.ready == self.replicas and not self.warming and not self.draining

    @property
    def at_rest(self) -> bool:
        """Whether it is settled for want of demand, past and present."""
        return self.settled and self.demand == 0 and self.binding != Binding.KEEP_ALIVE


def sample_of(
    at: float, pool: Mapping[str, Any], hpa: Mapping[str, Any] | None, deployment: Mapping[str, Any] | None
) -> Sample:
    """Return what three objects say together; what is not there yet counts as none."""
    status = pool.get("status", {})
    pods, decision = status.get("pods", {}), status.get("decision", {})
    return Sample(
        at=at,
        demand=decision.get("terms", {}).get("demand", 0),
        desired=decision.get("desired", 0),
        ready=pods.get("ready", 0),
        warming=pods.get("warming", 0),
        draining=pods.get("draining", 0),
        hpa_min=(hpa or {}).get("spec", {}).get("minReplicas", 0),
        replicas=(deployment or {}).get("spec", {}).get("replicas", 0),
        ceiling=status.get("effective", {}).get("max", 0),
        binding=decision.get("binding", ""),
    )


class Sampler:
    """Takes samples until it is stopped; keeps all of them."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        """Look at the pool of this name."""
        self._client = client
        self._refs = [ObjectRef(resource, namespace, name) for resource in (POOLS, HPAS, DEPLOYMENTS)]
        self.samples: list[Sample] = []
        self.misses = 0

    async def look(self) -> Sample | None:
        """Take one sample; None if the pool is not there or the API server did not answer."""
        at = time.time()
        try:
            pool, hpa, deployment = await asyncio.gather(*(self._client.get(ref) for ref in self._refs))
        except KubeError:
            self.misses += 1
            return None
        if pool is None:
            return None
        sample = sample_of(at, pool, hpa, deployment)
        self.samples.append(sample)
        return sample

    async def run(self) -> None:
        """Look every half second until cancelled; a look that takes long delays the next one, never doubles it."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_SECONDS
            await self.look()
            await asyncio.sleep(max(0.0, due - loop.time()))
