"""The systems that are compared, each as its documentation advises; all with one image, floor and ceiling.

The pods pretend: a load of 8 s, four requests at once, 300 ms each, of which 3 ms are spent on a core, so that CPU
is in proportion to what is computed. `CPU_REQUEST` is what a full pod uses, so a full pod is at 100 % for the HPA,
as a server is that computes on a core of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

Manifest = dict[str, Any]

APP: Final = "burst"
IMAGE: Final = "warmpool/serving:burst"
FLOOR, CEILING = 2, 12
CONCURRENCY, SERVICE_MS, LOAD_SECONDS, BUSY_MS = 4, 300, 8, 3
LATENCY_TARGET_MS: Final = 1000
NO_BOUND_MS: Final = 3_600_000
"""As a latency target: a queue in which an hour of work may wait, which is no bound at all."""
CPU_REQUEST: Final = "70m"
STATIC_PODS: Final = 10
"""The peak of 90 requests a second keeps 27 of 40 slots busy: 68 %."""
CPU_PERCENT: Final = 50
ANNOUNCED: Final = {
    "name": "announced",
    "start": "0 0 * * *",
    "timeZone": "UTC",
    "durationSeconds": 180,
    "minReplicas": 8,
    "lead": 15,
}
"""A window that begins when the load changes: in the simulator, that is midnight."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One system.

    Attributes:
        name: as figures call it.
        scaling: of a pool of warmpool's, beside floor and ceiling; None: a plain Deployment.
        replicas: of a plain Deployment.
        hpa: whether a plain Deployment has an HPA on CPU.
        bounded: whether its servers bound their queue.
        load_seconds: how long its pods load.
        latency_target_ms: what bounds the queue, where it is bounded.
        announced: whether it is told when the load will change; only the simulator makes that midnight.
    """

    name: str
    scaling: Mapping[str, Any] | None = None
    replicas: int = FLOOR
    hpa: bool = False
    bounded: bool = True
    load_seconds: int = LOAD_SECONDS
    latency_target_ms: int = LATENCY_TARGET_MS
    announced: bool = False

    @property
    def at_rest(self) -> int:
        """Pods before the first request: floor or buffer, whichever is more."""
        if self.scaling is None:
            return self.replicas
        floor = int(self.scaling.get("minReplicas", FLOOR))
        return max(floor, int(self.scaling.get("concurrencyBuffer", 0)))

    def manifests(self) -> list[Manifest]:
        """Return what a person would apply."""
        if self.scaling is not None:
            return [pool(self)]
        parts = [deployment(self), service()]
        return [*parts, autoscaler()] if self.hpa else parts


SYSTEMS: Mapping[str, System] = {
    each.name: each
    for each in (
        System(name="hpa_cpu", hpa=True, bounded=False),
        System(name="hpa_cpu_bounded", hpa=True),
        System(name="static", replicas=STATIC_PODS),
        System(name="ours_b0", scaling={}),
        System(name="ours_b2", scaling={"concurrencyBuffer": 2}),
        System(name="ours_p20", scaling={"concurrencyBufferPercent": 20}),
        System(name="ours", scaling={}),
        System(name="ours_sched", scaling={"schedules": [ANNOUNCED]}, announced=True),
        # For clients that wait 10 s and come back when they are told to: a start within that time.
        System(name="ours_b0_load4", scaling={}, load_seconds=4, latency_target_ms=2000),
    )
}


SIZED: Final[Mapping[str, Manifest]] = {
    "step": {"concurrencyBuffer": 6, "keepAliveSeconds": 60},
    "step_retry": {"concurrencyBuffer": 6, "keepAliveSeconds": 60},
    "step_long": {"concurrencyBuffer": 6, "keepAliveSeconds": 60},
    "ramp": {"concurrencyBuffer": 1, "keepAliveSeconds": 30},
    "spikes": {"minReplicas": 8, "keepAliveSeconds": 30},
    "trace": {"minReplicas": 7, "keepAliveSeconds": 30},
    "diurnal": {"minReplicas": 7, "keepAliveSeconds": 30},
}
"""`ours` in each scenario: the cheapest with at most 0.1 % errors that the simulator found on seeds 11 and 12.

Tried were floors of 2 and 7 to 10, buffers up to 7, keepAlive of 30 and 60 s; the steps were sized on `step_long`.
"""


def system_in(name: str, scenario: str) -> System:
    """Return a system as it is configured for a scenario: only `ours` differs between scenarios."""
    system = SYSTEMS[name]
    return replace(system, scaling=SIZED[scenario]) if name == "ours" else system


def pool(system: System) -> Manifest:
    """Return the pool of a system of warmpool's."""
    return {
        "apiVersion": "warmpool.dev/v1alpha1",
        "kind": "WarmModelPool",
        "metadata": {"name": APP},
        "spec": {
            "model": {"name": "fake", "source": {"baked": {}}},
            "server": {
                "image": IMAGE,
                "engine": "fake",
                "containerConcurrency": CONCURRENCY,
                "latencyTargetMs": system.latency_target_ms,
                "env": _pretend(system),
                "resources": _resources(),
            },
            "startup": {"timeoutSeconds": 60},
            "scaling": {"minReplicas": FLOOR, "maxReplicas": CEILING, "keepAliveSeconds": 300}
            | dict(system.scaling or {}),
        },
    }


def deployment(system: System) -> Manifest:
    """Return a Deployment with probes and requests, as the Kubernetes documentation has them."""
    labels = {"app": APP}
    variables = {
        "WARMPOOL_ENGINE": "fake",
        "WARMPOOL_MODEL_NAME": "fake",
        "WARMPOOL_CONTAINER_CONCURRENCY": str(CONCURRENCY),
        "WARMPOOL_LATENCY_TARGET_MS": str(system.latency_target_ms if system.bounded else NO_BOUND_MS),
    }
    env = [{"name": name, "value": value} for name, value in variables.items()]
    container = {
        "name": "server",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "env": env + _pretend(system),
        "ports": [{"containerPort": 8080}, {"containerPort": 8081}],
        "resources": _resources(),
        "startupProbe": _probe("/health/startup", period=1, failures=60),
        "readinessProbe": _probe("/health/ready", period=1, failures=3),
        "livenessProbe": _probe("/health/live", period=10, failures=3),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP},
        "spec": {
            "replicas": system.replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def service() -> Manifest:
    """Return the Service of a plain Deployment."""
    ports = [{"port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": APP},
        "spec": {"selector": {"app": APP}, "ports": ports},
    }


def ingress(host: str, *, class_name: str) -> Manifest:
    """Return the Ingress that every system gets: the least loaded pod, and one more try after a refusal.

    Without limits: ingress-nginx counts them per client address, and all clients of the benchmark have one.
    """
    prefix = "nginx.ingress.kubernetes.io"
    backend = {"service": {"name": APP, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": f"{APP}-outside",
            "annotations": {
                f"{prefix}/load-balance": "ewma",
                f"{prefix}/proxy-next-upstream": "error timeout http_429 http_503 non_idempotent",
                f"{prefix}/proxy-next-upstream-tries": "2",
            },
        },
        "spec": {"ingressClassName": class_name, "rules": [{"host": host, "http": {"paths": paths}}]},
    }


def autoscaler() -> Manifest:
    """Return the HPA: CPU at 50 %, everything else as Kubernetes has it by default."""
    target = {"type": "Utilization", "averageUtilization": CPU_PERCENT}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": APP},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP},
            "minReplicas": FLOOR,
            "maxReplicas": CEILING,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def _pretend(system: System) -> list[Manifest]:
    variables = {
        "WARMPOOL_FAKE_LOAD_SECONDS": system.load_seconds,
        "WARMPOOL_FAKE_SERVICE_MS": SERVICE_MS,
        "WARMPOOL_FAKE_BUSY_MS": BUSY_MS,
    }
    return [{"name": name, "value": str(value)} for name, value in variables.items()]


def _resources() -> Manifest:
    return {"requests": {"cpu": CPU_REQUEST, "memory": "96Mi"}, "limits": {"memory": "256Mi"}}


def _probe(path: str, *, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": 8081},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
