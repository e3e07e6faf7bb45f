"""The HorizontalPodAutoscaler: carries the decision to the workload.

Exact mode: minReplicas = maxReplicas = desired. The HPA controller applies bounds before metrics, policies,
tolerance and stabilization, so the floor is exact where a metric would stop 10 % short of it
(kedacore/keda#5263: 88 of 89), and it holds while this operator is away.

Floor mode, with metrics of the pool's own: minReplicas = desired, maxReplicas = ceiling. The HPA may add pods
above the decision and takes them back by its own window.
"""

from dataclasses import dataclass

from warmpool_operator.api.hpa import Hpa
from warmpool_operator.desired.pool import Manifest, Pool

NOMINAL_CPU_UTILIZATION = 80
"""Without a metric the API server would add this one by itself; it never acts while min = max."""


@dataclass(frozen=True)
class Bounds:
    """minReplicas and maxReplicas of the HPA, both at least 1."""

    low: int
    high: int


def exact(desired: int) -> Bounds:
    """Return the bounds that hold the workload at `desired` pods."""
    return Bounds(max(1, desired), max(1, desired))


def floor(desired: int, ceiling: int) -> Bounds:
    """Return the bounds that hold the workload at `desired` pods at least."""
    return Bounds(max(1, desired), max(1, desired, ceiling))


def horizontal_pod_autoscaler(pool: Pool, bounds: Bounds) -> Manifest:
    """Return the complete HPA: a partial apply would drop every field that it omits."""
    wish = pool.spec.scaling.hpa
    behavior = {"behavior": wish.behavior} if wish.behavior else {}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": pool.metadata(),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": pool.name},
            "minReplicas": bounds.low,
            "maxReplicas": bounds.high,
            "metrics": _metrics(wish),
            **behavior,
        },
    }


def _metrics(wish: Hpa) -> list[Manifest]:
    cpu = wish.cpu_utilization_percent
    if cpu is None and not wish.metrics:
        cpu = NOMINAL_CPU_UTILIZATION
    target = {"type": "Utilization", "averageUtilization": cpu}
    resource = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    return [*([resource] if cpu is not None else []), *wish.metrics]


def bounds_of(hpa: Manifest) -> Bounds:
    """Return the bounds that a live HPA has; an absent minReplicas means 1."""
    spec = hpa.get("spec", {})
    return Bounds(int(spec.get("minReplicas", 1)), int(spec.get("maxReplicas", 0)))
