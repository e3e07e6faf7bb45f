"""The simulation itself: a heap of moments, and what happens at each.

Invariants: every request ends exactly once, as answered in time or as an error; time never runs backwards; the
same setup, autoscaler and seed give the same outcome.
"""

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from random import Random

from warmpool_operator.simulate.outcome import Moment, Outcome, PodLife
from warmpool_operator.simulate.pod import Pod, Request
from warmpool_operator.simulate.setup import Route, Setup
from warmpool_operator.simulate.workload import Autoscaler, Workload

WATCH_MS = 1_000
"""How often a moment is kept for pictures."""
OK, REFUSED, NO_POD, GIVEN_UP = 200, 429, 503, 0


def simulate(setup: Setup, autoscaler: Autoscaler, *, seed: int) -> Outcome:
    """Run `setup` under `autoscaler` and return what became of requests and pods.

    Args:
        setup: traffic, clients, server, cluster.
        autoscaler: fresh; it keeps state.
        seed: of start-up times, service times, and the choice of pods.
    """
    return _Run(setup, autoscaler, Random(seed)).outcome()  # noqa: S311 - repeatable, hides nothing


class _Run:
    def __init__(self, setup: Setup, autoscaler: Autoscaler, chance: Random) -> None:
        self._setup, self._autoscaler, self._chance = setup, autoscaler, chance
        self._heap: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = count()
        self._workload = Workload(setup, chance, self._later, self._fill)
        self._turns = count()
        self._requests: list[Request] = []
        self._moments: list[Moment] = []

    def outcome(self) -> Outcome:
        """Play everything to its end."""
        self._later(0, self._act)
        self._later(0, self._watch)
        arrivals, heap, number = self._setup.arrivals_ms, self._heap, 0
        while heap or number < len(arrivals):
            if number < len(arrivals) and (not heap or arrivals[number] <= heap[0][0]):
                request = Request(intended_ms=arrivals[number])
                number += 1
                self._requests.append(request)
                self._attempt(request, request.intended_ms)
            else:
                at, _, happen = heapq.heappop(heap)
                happen(at)
        pods = (*self._workload.past, *self._workload.pods)
        return Outcome(
            setup=self._setup,
            requests=tuple(self._requests),
            pods=tuple(
                PodLife(scheduled_ms=pod.scheduled_ms, ready_ms=pod.ready_ms, gone_ms=pod.gone_ms)
                for pod in sorted(pods, key=lambda pod: pod.number)
            ),
            moments=tuple(self._moments),
        )

    def _later(self, at_ms: int, happen: Callable[[int], None]) -> None:
        heapq.heappush(self._heap, (at_ms, next(self._order), happen))

    def _act(self, now_ms: int) -> None:
        self._autoscaler.act(now_ms, self._workload)
        if now_ms + self._autoscaler.period_ms <= self._setup.end_ms:
            self._later(now_ms + self._autoscaler.period_ms, self._act)

    def _watch(self, now_ms: int) -> None:
        pods = self._workload.pods
        self._moments.append(
            Moment(
                at_ms=now_ms,
                pods=len(pods),
                ready=sum(pod.serving for pod in pods),
                desired=self._autoscaler.desired,
                in_flight=self._workload.in_flight,
            )
        )
        if now_ms + WATCH_MS <= self._setup.end_ms:
            self._later(now_ms + WATCH_MS, self._watch)

    def _attempt(self, request: Request, now_ms: int) -> None:
        request.attempts += 1
        pod = self._pick(self._workload.reachable)
        if self._setup.cluster.route is Route.ACTIVATOR and (pod is None or not pod.free()):
            self._enqueue(request, self._workload.waiting, now_ms)
        elif pod is None:
            self._end(request, NO_POD, now_ms)
        elif not pod.admits():
            pod.rejected += 1
            self._refuse(request, pod, now_ms)
        else:
            self._accept(request, pod, now_ms)

    def _pick(self, serving: list[Pod]) -> Pod | None:
        """Choose a pod; None if there is none to choose from."""
        if not serving:
            return None
        route = self._setup.cluster.route
        if route is Route.ACTIVATOR:
            return min(serving, key=lambda pod: (pod.in_flight, pod.number))
        if route is Route.SERVICE or len(serving) == 1:
            return self._chance.choice(serving)
        first = serving[next(self._turns) % len(serving)]
        if first.admits():
            return first
        first.rejected += 1
        return serving[next(self._turns) % len(serving)]

    def _accept(self, request: Request, pod: Pod, now_ms: int) -> None:
        pod.accepted += 1
        if pod.free():
            self._compute(request, pod, now_ms)
        else:
            self._enqueue(request, pod.queue, now_ms)

    def _enqueue(self, request: Request, queue: deque[Request], now_ms: int) -> None:
        request.queued_ms = now_ms
        queue.append(request)

        def give_up(at_ms: int) -> None:
            # A client that leaves takes its waiting request along; one that is being computed is computed in vain.
            if request in queue:
                queue.remove(request)
                self._end(request, GIVEN_UP, at_ms)

        self._later(request.intended_ms + self._setup.client.deadline_ms, give_up)

    def _compute(self, request: Request, pod: Pod, now_ms: int) -> None:
        pod.begin(now_ms)
        give_up_ms = request.intended_ms + self._setup.client.deadline_ms

        def done(at_ms: int) -> None:
            pod.finish(at_ms)
            self._end(request, OK if at_ms <= give_up_ms else GIVEN_UP, min(at_ms, give_up_ms))
            self._next(pod, at_ms)

        self._later(now_ms + self._setup.server.service.draw(self._chance), done)

    def _next(self, pod: Pod, now_ms: int) -> None:
        """Start what waits for the slot that has become free."""
        if pod.queue:
            self._compute(pod.queue.popleft(), pod, now_ms)
        elif pod.serving and pod.routed:
            self._fill(pod, now_ms)
        self._workload.leave(pod, now_ms)

    def _fill(self, pod: Pod, now_ms: int) -> None:
        """Give a pod with free slots what waits outside of all pods."""
        waiting = self._workload.waiting
        while waiting and pod.free():
            pod.accepted += 1
            self._compute(waiting.popleft(), pod, now_ms)

    def _refuse(self, request: Request, pod: Pod, now_ms: int) -> None:
        again_ms = now_ms + pod.retry_after_ms()
        in_time = again_ms < request.intended_ms + self._setup.client.deadline_ms
        if request.attempts < self._setup.client.max_attempts and in_time:
            self._later(again_ms, lambda at: self._attempt(request, at))
        else:
            self._end(request, REFUSED, now_ms)

    def _end(self, request: Request, status: int, now_ms: int) -> None:
        request.status, request.finished_ms = status, now_ms
