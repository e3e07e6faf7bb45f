"""Setups and pools for the simulator's tests."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.simulate.setup import Client, Cluster, Measured, Route, Server, Setup, fixed


@pytest.fixture
def make_setup() -> Callable[..., Setup]:
    """Two pods of four slots and 300 ms, a queue of five, clients of 2 s, starts of 10 s."""

    def make(
        arrivals_ms: Sequence[int] = (),
        *,
        seconds: int = 120,
        replicas: int = 2,
        queue: int | None = 5,
        client: Client | None = None,
        route: Route = Route.SERVICE,
        startup: Measured | None = None,
    ) -> Setup:
        return Setup(
            arrivals_ms=arrivals_ms,
            end_ms=seconds * 1000,
            replicas=replicas,
            client=client or Client(deadline_ms=2_000),
            server=Server(concurrency=4, service=fixed(300), queue=queue),
            cluster=Cluster(startup=startup or fixed(10_000), route=route),
        )

    return make


@pytest.fixture
def make_spec() -> Callable[..., PoolSpec]:
    """A pool of at least two and at most twelve pods, with changes to its scaling."""

    def make(**scaling: Any) -> PoolSpec:
        return PoolSpec.model_validate(
            {
                "model": {"name": "fake", "source": {"baked": {}}},
                "server": {"image": "warmpool/serving:dev", "containerConcurrency": 4},
                "scaling": {"minReplicas": 2, "maxReplicas": 12, **scaling},
            }
        )

    return make


@pytest.fixture
def step() -> list[int]:
    """Ten times the load after half a minute: 9, then 90 evenly spaced requests a second."""
    calm = [round(1000 * number / 9) for number in range(270)]
    return calm + [30_000 + round(1000 * number / 90) for number in range(90 * 90)]
