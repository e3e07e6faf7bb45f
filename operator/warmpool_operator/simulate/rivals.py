"""What people would pick instead, on the same traffic, pods and ceiling: a static pool, HPA, KEDA, Knative."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.simulate.autoscalers.fixed import Fixed
from warmpool_operator.simulate.autoscalers.hpa import CpuMetric, Hpa, InFlightMetric
from warmpool_operator.simulate.autoscalers.knative import UTILIZATION, Knative
from warmpool_operator.simulate.outcome import Outcome
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Route, Setup
from warmpool_operator.simulate.sizing import ROOMY_PERCENT, peak_pods
from warmpool_operator.simulate.workload import Autoscaler

CPU_PERCENT = 50


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Floor and ceiling that every system gets."""

    floor: int
    ceiling: int


Rival = Callable[[Setup, Bounds, int], tuple[Setup, Autoscaler]]
"""From setup, bounds and the seed to its own setup and a fresh autoscaler."""


def static(setup: Setup, bounds: Bounds, seed: int) -> tuple[Setup, Autoscaler]:
    """As many pods as the peak needs and some to spare, day and night."""
    del seed
    pods = min(bounds.ceiling, max(bounds.floor, ceil_div(peak_pods(setup) * 100, ROOMY_PERCENT)))
    return replace(setup, replicas=pods), Fixed(pods)


def hpa_cpu(setup: Setup, bounds: Bounds, seed: int) -> tuple[Setup, Autoscaler]:
    """HPA on CPU at 50 %, in front of servers whose queue has no bound, as most have none."""
    return _unbounded(setup, bounds), _hpa(CpuMetric(CPU_PERCENT), setup, bounds, seed)


def keda(setup: Setup, bounds: Bounds, seed: int) -> tuple[Setup, Autoscaler]:
    """KEDA on requests in flight, aiming at 70 % of the slots."""
    per_pod = float(UTILIZATION) * setup.server.concurrency
    return _unbounded(setup, bounds), _hpa(InFlightMetric(per_pod), setup, bounds, seed)


def knative(setup: Setup, bounds: Bounds, seed: int) -> tuple[Setup, Autoscaler]:
    """Knative with its defaults, its activator always in the path."""
    del seed
    cluster = replace(setup.cluster, route=Route.ACTIVATOR)
    scaler = Knative(floor=bounds.floor, ceiling=bounds.ceiling, concurrency=setup.server.concurrency)
    return replace(_unbounded(setup, bounds), cluster=cluster), scaler


RIVALS: Mapping[str, Rival] = {"static": static, "hpa_cpu": hpa_cpu, "keda": keda, "knative": knative}


def run_rival(name: str, setup: Setup, bounds: Bounds, *, seed: int) -> Outcome:
    """Return what becomes of the traffic under a rival."""
    own, scaler = RIVALS[name](setup, bounds, seed)
    return simulate(own, scaler, seed=seed)


def run_oracle(setup: Setup, *, replicas: int, changes: list[tuple[int, int]], seed: int) -> Outcome:
    """Return what an autoscaler achieves that knows each change at once: what no reaction can beat."""
    return simulate(replace(setup, replicas=replicas), Fixed(replicas, changes), seed=seed)


def _unbounded(setup: Setup, bounds: Bounds) -> Setup:
    return replace(setup, replicas=bounds.floor, server=replace(setup.server, queue=None))


def _hpa(metric: CpuMetric | InFlightMetric, setup: Setup, bounds: Bounds, seed: int) -> Hpa:
    phase_ms = seed * 7919 % setup.cluster.sync_ms
    return Hpa(metric, floor=bounds.floor, ceiling=bounds.ceiling, phase_ms=phase_ms)
