"""The Deployment: how many pods there are to be, which come, and which go first."""

from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Protocol

from warmpool_operator.simulate.pod import Pod, Request
from warmpool_operator.simulate.setup import TOGETHER_MS, Setup

Later = Callable[[int, Callable[[int], None]], None]
"""Calls a function with the time, at that time."""


class Autoscaler(Protocol):
    """What decides how many pods there are."""

    period_ms: int
    """How often it acts."""
    desired: int
    """Pods it last asked for, for the picture."""

    def act(self, now_ms: int, workload: "Workload") -> None:
        """Look at the pods and change their number."""


class Workload:
    """The pods of a run.

    Attributes:
        pods: those that are there, deleted ones included until they are gone.
        past: those that are gone.
        waiting: requests that wait outside of every pod (`Route.ACTIVATOR`).
        replicas: how many the Deployment is asked to have.
        setup: of the run.
    """

    def __init__(
        self, setup: Setup, chance: Random, later: Later, on_warm: Callable[[Pod, int], None]
    ) -> None:
        self.setup = setup
        self.pods: list[Pod] = []
        self.past: list[Pod] = []
        self.waiting: deque[Request] = deque()
        self.replicas = setup.replicas
        self._on_warm = on_warm
        self._chance = chance
        self._later = later
        for _ in range(setup.replicas):
            pod = self._create(0)
            pod.ready_ms, pod.routed = 0, True

    @property
    def alive(self) -> list[Pod]:
        """Pods that were not deleted."""
        return [pod for pod in self.pods if pod.deleted_ms < 0]

    @property
    def serving(self) -> list[Pod]:
        """Pods that the Service sends to."""
        return [pod for pod in self.pods if pod.serving]

    @property
    def reachable(self) -> list[Pod]:
        """Pods that requests come to."""
        return [pod for pod in self.pods if pod.routed and pod.serving]

    @property
    def in_flight(self) -> int:
        """Requests that are computed or wait, wherever they wait."""
        return sum(pod.in_flight for pod in self.pods) + len(self.waiting)

    def scale(self, replicas: int, now_ms: int) -> None:
        """Ask for so many pods: new ones are created, or surplus ones deleted, as the ReplicaSet does."""
        self.replicas = replicas
        alive = self.alive
        if replicas > len(alive):
            self._start(replicas - len(alive), now_ms)
        for pod in sorted(alive, key=_first_to_go)[: max(0, len(alive) - replicas)]:
            pod.deleted_ms = now_ms
            self._later(now_ms + self.setup.cluster.termination_ms, partial(self.leave, pod))

    def leave(self, pod: Pod, now_ms: int) -> None:
        """Let a deleted pod be gone, if it is out of the Service for long enough and has nothing to do."""
        waited = now_ms - pod.deleted_ms >= self.setup.cluster.termination_ms
        if pod.deleted_ms >= 0 and pod.gone_ms < 0 and waited and pod.in_flight == 0:
            pod.gone_ms = now_ms
            self.pods.remove(pod)
            self.past.append(pod)

    def _start(self, count: int, now_ms: int) -> None:
        pods = [self._create(now_ms) for _ in range(count)]
        if settles_ms := self.setup.cluster.startup.settles_ms:
            self._later(now_ms + settles_ms, partial(self._settle, pods))
        else:
            self._settle(pods, now_ms)

    def _settle(self, pods: list[Pod], now_ms: int) -> None:
        """Draw how long pods of one moment take, now that it is known who starts beside them."""
        cluster, began_ms = self.setup.cluster, pods[0].scheduled_ms
        company = sum(
            abs(other.scheduled_ms - began_ms) <= TOGETHER_MS and not 0 <= other.ready_ms <= began_ms
            for other in self.pods
        )
        startup = cluster.startup.among(company, self._chance)
        for pod in pods:
            warm_ms = max(now_ms, began_ms + startup.draw(self._chance))
            self._later(warm_ms, partial(self._warm, pod))
            self._later(warm_ms + cluster.routing.draw(self._chance), partial(self._route, pod))

    def _create(self, now_ms: int) -> Pod:
        pod = Pod(len(self.pods) + len(self.past), self.setup.server, scheduled_ms=now_ms)
        self.pods.append(pod)
        return pod

    def _warm(self, pod: Pod, now_ms: int) -> None:
        if pod.deleted_ms < 0:
            pod.ready_ms = now_ms

    def _route(self, pod: Pod, now_ms: int) -> None:
        if pod.deleted_ms < 0:
            pod.routed = True
            self._on_warm(pod, now_ms)


def _first_to_go(pod: Pod) -> tuple[bool, int]:
    """Not-ready pods first, then the younger: the ReplicaSet's order on one node, without deletion cost."""
    return pod.serving, -pod.ready_ms
