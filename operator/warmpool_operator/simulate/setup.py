"""What is simulated: traffic, clients, the server in a pod, and the cluster around it. All frozen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from random import Random

TOGETHER_MS = 4_000
"""Pods that begin within this time of each other are in each other's way."""


@dataclass(frozen=True)
class Measured:
    """Durations in milliseconds as they were measured; drawn with replacement, so no shape is assumed."""

    values_ms: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.values_ms or min(self.values_ms) < 0:
            raise ValueError("a distribution needs at least one duration, and none below 0")

    def draw(self, chance: Random) -> int:
        """Return one of them."""
        return self.values_ms[0] if len(self.values_ms) == 1 else chance.choice(self.values_ms)

    @property
    def settles_ms(self) -> int:
        """How long after a beginning it is known who began together, if that matters."""
        return 0

    def among(self, company: int, chance: Random) -> "Measured":
        """Return what such a company is drawn from: everything, where nobody noted who began together."""
        del company, chance
        return self

    @property
    def mean_ms(self) -> int:
        """Mean, rounded."""
        return round(sum(self.values_ms) / len(self.values_ms))


@dataclass(frozen=True)
class Together(Measured):
    """The same by who began together: ten pods on two cores start slower than two, and all about equally so."""

    companies_ms: tuple[tuple[int, ...], ...]

    @property
    def settles_ms(self) -> int:
        """Until then others may join."""
        return TOGETHER_MS

    def among(self, company: int, chance: Random) -> Measured:
        """Return one measured company, of those whose size is nearest."""
        least = min(abs(len(each) - company) for each in self.companies_ms)
        near = [each for each in self.companies_ms if abs(len(each) - company) == least]
        return Measured(chance.choice(near))


def together(companies_ms: Iterable[Sequence[int]]) -> Together:
    """Return durations of companies that began within `TOGETHER_MS`."""
    companies = tuple(tuple(each) for each in companies_ms)
    return Together(tuple(value for each in companies for value in each), companies)


def fixed(milliseconds: int) -> Measured:
    """Return a duration that never varies."""
    return Measured((milliseconds,))


AT_ONCE = Measured((0,))


class Route(StrEnum):
    """How a request finds a pod."""

    SERVICE = "Service"
    """kube-proxy: any endpoint, whatever its load; what that pod refuses is refused."""
    INGRESS = "Ingress"
    """ingress-nginx: one endpoint after the other, and one more try after a refusal."""
    ACTIVATOR = "Activator"
    """Knative: one queue for all pods, and a request is given to a pod only where it can start."""


ROUTING: Mapping[Route, Measured] = {
    Route.SERVICE: fixed(500),
    Route.INGRESS: Measured((0, 1100, 2200, 3300)),
    Route.ACTIVATOR: fixed(500),
}
"""From a pod's readiness until requests come to it: kube-proxy takes about half a second, and ingress-nginx looks
at endpoints once in 3.3 s at most (its sync-rate-limit is 0.3 a second)."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """How every client behaves.

    Attributes:
        deadline_ms: from the intended moment until it gives up; spans its retries.
        max_attempts: 1 never retries; more retries refusals after the wait that the server asks for.
    """

    deadline_ms: int = 10_000
    max_attempts: int = 1


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """What a pod uses of its CPU request, in percent, for autoscalers that look at that.

    Attributes:
        idle: without requests.
        computing: on top, while all its slots compute.
        receiving: on top, while as many requests come as its slots can compute; those that wait, leave or are
            refused cost this too.
    """

    idle: int = 0
    computing: int = 100
    receiving: int = 0


FULL_BY_COMPUTING = Cpu()
"""All of the request while all slots compute, and nothing else: inference on CPU, sized as it should be."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """What one pod does.

    Attributes:
        concurrency: requests that it computes at once.
        service: time of one request.
        queue: requests that may wait in it; None without a bound.
        latency_target_ms: what its Retry-After aims at.
        cpu: what it uses.
    """

    concurrency: int
    service: Measured
    queue: int | None
    latency_target_ms: int = 1000
    cpu: Cpu = FULL_BY_COMPUTING


def bounded_queue(
    *, concurrency: int, service_ms: int, latency_target_ms: int, cap: int | None = None
) -> int:
    """Return how many requests the warmpool server lets wait: what can still be answered within the target.

    With R requests per second and S seconds of one, R * (L - S) requests fit into the process, those that are
    being computed included.
    """
    room = concurrency * max(0, latency_target_ms - service_ms) // max(1, service_ms)
    waiting = max(0, room - concurrency)
    return waiting if cap is None else min(cap, waiting)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What happens around the pods.

    Attributes:
        startup: from a pod's creation until it is ready.
        routing: from then until requests come, see `ROUTING`.
        termination_ms: from a pod's deletion until it is gone, if it is idle; the warmpool server stays this long
            to let proxies forget it. A busy one takes longer.
        sync_ms: period of the HPA controller.
        metrics_ms: period at which metrics-server reads CPU.
        route: how requests find pods.
    """

    startup: Measured
    routing: Measured = AT_ONCE
    termination_ms: int = 5_000
    sync_ms: int = 15_000
    metrics_ms: int = 15_000
    route: Route = Route.SERVICE


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Everything but the autoscaler.

    Attributes:
        arrivals_ms: intended moments of the requests, in order.
        end_ms: length of the run; pods are counted until here. Requests that are open then are followed to their
            end.
        replicas: pods that are warm at the start.
        client: how clients behave.
        server: what a pod does.
        cluster: what happens around it.
    """

    arrivals_ms: Sequence[int]
    end_ms: int
    replicas: int
    client: Client
    server: Server
    cluster: Cluster

    def __post_init__(self) -> None:
        times = self.arrivals_ms
        if any(later < earlier for earlier, later in pairwise(times)):
            raise ValueError("arrivals must be in order of time")
        if times and not 0 <= times[0] <= times[-1] <= self.end_ms:
            raise ValueError("arrivals must lie between 0 and the end of the run")
