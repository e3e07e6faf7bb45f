"""The HorizontalPodAutoscaler: its loop, its rules of behaviour, and the two metrics that people give it.

After pkg/controller/podautoscaler of Kubernetes 1.34: a sync every 15 s, a tolerance of a tenth, growth to the
double or to four at most with each, always towards the highest recommendation of the last 300 s. The
documentation tells of four pods more every 15 s, and of a window for shrinking only; an HPA without `behavior`, as
most are and as KEDA makes them, knows neither: a spike of one look makes it grow for the next ones too.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from warmpool_operator.simulate.pod import Pod
from warmpool_operator.simulate.workload import Workload

TOLERANCE = 0.1
STABILIZATION_MS = 300_000
GROWTH_MINIMUM = 4
GROWTH_FACTOR = 2
PERIOD_MS = 100


class Metric(Protocol):
    """What the loop asks how many pods there should be."""

    def read(self, now_ms: int, workload: Workload) -> None:
        """Called every tenth of a second, for metrics with a memory of their own."""

    def recommend(self, now_ms: int, workload: Workload) -> int | None:
        """Return the pods that the metric asks for, None if it does not know."""


class Hpa:
    """The loop.

    Args:
        metric: what it follows.
        floor: minReplicas.
        ceiling: maxReplicas.
        phase_ms: when its first sync is; a real one's is anybody's guess.
    """

    period_ms = PERIOD_MS

    def __init__(self, metric: Metric, *, floor: int, ceiling: int, phase_ms: int = 0) -> None:
        self.desired = floor
        self._metric, self._floor, self._ceiling = metric, floor, ceiling
        self._next_ms = phase_ms
        self._recommended: deque[tuple[int, int]] = deque()

    def act(self, now_ms: int, workload: Workload) -> None:
        """Read the metric, and sync when it is time."""
        self._metric.read(now_ms, workload)
        if now_ms < self._next_ms:
            return
        self._next_ms += workload.setup.cluster.sync_ms
        recommended = self._metric.recommend(now_ms, workload)
        self.desired = self._behave(recommended, workload.replicas, now_ms)
        if self.desired != workload.replicas:
            workload.scale(self.desired, now_ms)

    def _behave(self, recommended: int | None, current: int, now_ms: int) -> int:
        if recommended is None:
            return min(max(current, self._floor), self._ceiling)
        window = self._recommended
        if not window:
            window.append((now_ms, current))  # so that a controller that has just started shrinks nothing
        window.append((now_ms, recommended))
        while now_ms - window[0][0] > STABILIZATION_MS:
            window.popleft()
        highest = max(target for _, target in window)
        grown = max(GROWTH_MINIMUM, GROWTH_FACTOR * current)
        return min(max(min(highest, grown), self._floor), self._ceiling)


@dataclass(slots=True)
class _Usage:
    """CPU of one pod: at the last two readings of metrics-server."""

    at_ms: int
    cpu_ms: int
    percent: float | None = None


class CpuMetric:
    """`Resource` metric cpu with `averageUtilization`, by `GetResourceReplicas`; what pods use is in `setup.Cpu`.

    Args:
        percent: the target.
        phase_ms: when metrics-server reads first; a real one's is anybody's guess. The pods of the beginning were
            read before, at rest.
    """

    def __init__(self, percent: int, *, phase_ms: int = 0) -> None:
        self._percent = percent
        self._usage: dict[int, _Usage] | None = None
        self._next_ms = phase_ms

    def read(self, now_ms: int, workload: Workload) -> None:
        """Do what metrics-server does: the usage between two of its readings."""
        if self._usage is None:
            before_ms = self._next_ms - workload.setup.cluster.metrics_ms
            self._usage = {pod.number: _Usage(before_ms, pod.cpu_ms(before_ms)) for pod in workload.alive}
        if now_ms < self._next_ms:
            return
        self._next_ms += workload.setup.cluster.metrics_ms
        slots = workload.setup.server.concurrency
        usage: dict[int, _Usage] = {}
        for pod in workload.alive:
            used, last = pod.cpu_ms(now_ms), self._usage.get(pod.number)
            if last is not None and now_ms > last.at_ms:
                percent = 100 * (used - last.cpu_ms) / (slots * (now_ms - last.at_ms))
                usage[pod.number] = _Usage(now_ms, used, percent)
            elif pod.ready_ms >= 0:
                usage[pod.number] = _Usage(now_ms, used)
        self._usage = usage

    def recommend(self, now_ms: int, workload: Workload) -> int | None:
        """Return the pods by the ratio of usage to target, cold pods counted as idle when growing."""
        del now_ms
        alive = workload.alive
        known = [used for pod in alive if (used := self._percent_of(pod)) is not None]
        if not known:
            return None
        cold = len(alive) - len(known)
        ratio = sum(known) / len(known) / self._percent
        if not cold:
            return workload.replicas if abs(ratio - 1) <= TOLERANCE else math.ceil(ratio * len(known))
        # Cold pods are taken for idle when growing, and for full when shrinking.
        filled = sum(known) + (0 if ratio > 1 else cold * max(100, self._percent))
        with_cold = filled / len(alive) / self._percent
        turned = (ratio < 1 < with_cold) or (with_cold < 1 < ratio)
        if abs(with_cold - 1) <= TOLERANCE or turned:
            return workload.replicas
        return math.ceil(with_cold * len(alive))

    def _percent_of(self, pod: Pod) -> float | None:
        used = (self._usage or {}).get(pod.number)
        return used.percent if used is not None and pod.serving else None


class InFlightMetric:
    """An `External` metric with `AverageValue`, as KEDA makes for its scalers: the total, divided by the target.

    KEDA is asked at each sync and looks at the pods then; what they refuse it does not see.

    Args:
        per_pod: requests per pod that the ScaledObject aims at.
    """

    def __init__(self, per_pod: float) -> None:
        self._per_pod = per_pod

    def read(self, now_ms: int, workload: Workload) -> None:
        """Nothing to remember."""

    def recommend(self, now_ms: int, workload: Workload) -> int | None:
        """Return total / target, within the tolerance the pods that are there."""
        del now_ms
        total = sum(pod.in_flight for pod in workload.alive)
        ratio = total / (self._per_pod * max(1, workload.replicas))
        return workload.replicas if abs(ratio - 1) <= TOLERANCE else math.ceil(total / self._per_pod)
