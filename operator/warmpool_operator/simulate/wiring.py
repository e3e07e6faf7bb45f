"""From what people know of their traffic, a pod and its clients to what the simulator takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from warmpool_operator.simulate.setup import (
    FULL_BY_COMPUTING,
    ROUTING,
    Client,
    Cluster,
    Cpu,
    Measured,
    Route,
    Server,
    Setup,
    bounded_queue,
)


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What one pod does, as a pool's spec and measurements say it.

    Attributes:
        concurrency: requests that it computes at once.
        service: time of one request.
        startup: from its creation until it is ready.
        latency_target_ms: what bounds its queue.
        max_queue: hard cap of that queue, None without one.
        bounded: whether it bounds its queue at all.
        cpu: what it uses of its CPU request; by default all of it while all its slots compute.
    """

    concurrency: int
    service: Measured
    startup: Measured
    latency_target_ms: int
    max_queue: int | None = None
    bounded: bool = True
    cpu: Cpu = FULL_BY_COMPUTING

    @property
    def server(self) -> Server:
        """The server in it."""
        queue = bounded_queue(
            concurrency=self.concurrency,
            service_ms=self.service.mean_ms,
            latency_target_ms=self.latency_target_ms,
            cap=self.max_queue,
        )
        return Server(
            concurrency=self.concurrency,
            service=self.service,
            queue=queue if self.bounded else None,
            latency_target_ms=self.latency_target_ms,
            cpu=self.cpu,
        )


def wired(
    arrivals_ms: Sequence[int], pod: Pod, *, end_ms: int, replicas: int, client: Client, route: Route
) -> Setup:
    """Return the setup of a run.

    Args:
        arrivals_ms: intended moments of the requests, in order.
        pod: what one pod does.
        end_ms: length of the run.
        replicas: pods that are warm at the start.
        client: how clients behave.
        route: how requests find pods.
    """
    return Setup(
        arrivals_ms=arrivals_ms,
        end_ms=end_ms,
        replicas=replicas,
        client=client,
        server=pod.server,
        cluster=Cluster(startup=pod.startup, routing=ROUTING[route], route=route),
    )
