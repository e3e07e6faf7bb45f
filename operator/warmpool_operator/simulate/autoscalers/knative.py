"""Knative's pod autoscaler with its defaults: a stable and a panic window over concurrency.

After pkg/autoscaler/scaling of knative/serving (2026-08): a tick of 2 s, windows of 60 s and 6 s over samples of
each second, panic from twice what the ready pods can do, no decrease while it lasts. Modelled only: no benchmark
runs it. Give it `Route.ACTIVATOR`: its activator holds what no pod has a slot for.
"""

import math
from collections import deque
from fractions import Fraction

from warmpool_operator.simulate.workload import Workload

STABLE_MS, PANIC_MS = 60_000, 6_000
TICK_MS, SCRAPE_MS = 2_000, 1_000
PANIC_THRESHOLD = 2
MAX_UP, MAX_DOWN = 1000, 2
UTILIZATION = Fraction(7, 10)


class Knative:
    """The autoscaler of one revision.

    Args:
        floor: min-scale.
        ceiling: max-scale.
        concurrency: containerConcurrency; 70 % of it is aimed at.
    """

    period_ms = SCRAPE_MS

    def __init__(self, *, floor: int, ceiling: int, concurrency: int) -> None:
        self.desired = floor
        self._floor, self._ceiling = floor, ceiling
        self._target = UTILIZATION * concurrency
        self._samples: deque[tuple[int, int]] = deque()
        self._panic_since_ms: int | None = None
        self._panic_pods = 0

    def act(self, now_ms: int, workload: Workload) -> None:
        """Sample, and decide every other time."""
        self._samples.append((now_ms, workload.in_flight))
        while now_ms - self._samples[0][0] >= STABLE_MS:
            self._samples.popleft()
        if now_ms % TICK_MS == 0:
            self.desired = min(max(self._decide(now_ms, workload), self._floor), self._ceiling)
            if self.desired != workload.replicas:
                workload.scale(self.desired, now_ms)

    def _decide(self, now_ms: int, workload: Workload) -> int:
        ready = max(1, len(workload.serving))
        stable, panic = self._pods(STABLE_MS, now_ms), self._pods(PANIC_MS, now_ms)
        if panic >= PANIC_THRESHOLD * ready:
            self._panic_since_ms = now_ms
        elif self._panic_since_ms is not None and now_ms - self._panic_since_ms > STABLE_MS:
            self._panic_since_ms, self._panic_pods = None, 0
        bounded = min(max(stable, ready // MAX_DOWN), MAX_UP * ready)
        if self._panic_since_ms is None:
            return bounded
        self._panic_pods = max(self._panic_pods, ready, min(panic, MAX_UP * ready), bounded)
        return self._panic_pods

    def _pods(self, window_ms: int, now_ms: int) -> int:
        seen = [value for at, value in self._samples if now_ms - at < window_ms]
        return math.ceil(Fraction(sum(seen), len(seen)) / self._target)
