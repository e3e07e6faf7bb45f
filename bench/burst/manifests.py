"""What a person would apply for each system."""

from collections.abc import Mapping
from typing import Any, Final

from bench.burst.systems import (
    APP,
    CONCURRENCY,
    CPU_PERCENT,
    IMAGE,
    IN_FLIGHT_PERCENT,
    NO_BOUND_MS,
    WARMUP_REQUESTS,
    Server,
    System,
)

Manifest = dict[str, Any]

_ADMIN: Final = f"{APP}-admin"
_ADMIN_PORT: Final = 8081


def manifests_of(system: System, namespace: str) -> list[Manifest]:
    """Return the objects of a system, which go to a namespace."""
    if system.scaling is not None:
        return [pool(system)]
    parts = [deployment(system), service(APP, port=80, target=8080)]
    if system.scaler == "hpa":
        return [*parts, autoscaler(system.server)]
    if system.scaler == "keda":
        admin = service(_ADMIN, port=_ADMIN_PORT, target=_ADMIN_PORT)
        return [*parts, admin, scaled_object(system.server, namespace)]
    return parts


def pool(system: System) -> Manifest:
    """Return the pool of a system of warmpool's."""
    return {
        "apiVersion": "warmpool.dev/v1alpha1",
        "kind": "WarmModelPool",
        "metadata": {"name": APP},
        "spec": {
            "model": {"name": system.server.engine, "source": {"baked": {}}},
            "server": {
                "image": IMAGE,
                "engine": system.server.engine,
                "containerConcurrency": CONCURRENCY,
                "latencyTargetMs": system.latency_target_ms,
                "env": _environment(system.env),
                "resources": system.server.resources,
            },
            # As many as the server does by itself: one more would be 300 ms, and with a probe a second often 1 s.
            "startup": {"timeoutSeconds": 60, "warmup": {"requests": WARMUP_REQUESTS}},
            "scaling": {**_bounds(system.server), "keepAliveSeconds": 300, **(system.scaling or {})},
        },
    }


def deployment(system: System) -> Manifest:
    """Return a Deployment with probes and requests, as the Kubernetes documentation has them."""
    labels = {"app": APP}
    variables = {
        "WARMPOOL_ENGINE": system.server.engine,
        "WARMPOOL_CONTAINER_CONCURRENCY": str(CONCURRENCY),
        "WARMPOOL_WARMUP_REQUESTS": str(WARMUP_REQUESTS),
        "WARMPOOL_LATENCY_TARGET_MS": str(system.latency_target_ms if system.bounded else NO_BOUND_MS),
    }
    container = {
        "name": "server",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "env": _environment(variables | system.env),
        "ports": [{"containerPort": 8080}, {"containerPort": 8081}],
        "resources": system.server.resources,
        "startupProbe": _probe("/health/startup", period=1, failures=60),
        "readinessProbe": _probe("/health/ready", period=1, failures=3),
        "livenessProbe": _probe("/health/live", period=10, failures=3),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP},
        "spec": {
            "replicas": system.at_rest,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def service(name: str, *, port: int, target: int) -> Manifest:
    """Return a Service of a plain Deployment."""
    ports = [{"port": port, "targetPort": target}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": APP}, "ports": ports},
    }


def ingress(host: str, *, class_name: str) -> Manifest:
    """Return the Ingress that every system gets: one pod after the other, and one more try after a refusal.

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
                f"{prefix}/load-balance": "round_robin",
                f"{prefix}/proxy-next-upstream": "error timeout http_429 http_503 non_idempotent",
                f"{prefix}/proxy-next-upstream-tries": "2",
            },
        },
        "spec": {"ingressClassName": class_name, "rules": [{"host": host, "http": {"paths": paths}}]},
    }


def autoscaler(server: Server) -> Manifest:
    """Return the HPA: CPU at 50 %, everything else as Kubernetes has it by default."""
    target = {"type": "Utilization", "averageUtilization": CPU_PERCENT}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": APP},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP},
            **_bounds(server),
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def scaled_object(server: Server, namespace: str) -> Manifest:
    """Return KEDA's object: the requests that pods have in flight, which it sums over a Service's endpoints."""
    trigger = {
        "type": "metrics-api",
        "metricType": "AverageValue",
        "metadata": {
            "url": f"http://{_ADMIN}.{namespace}.svc:{_ADMIN_PORT}/metrics",
            "format": "prometheus",
            "valueLocation": "warmpool_inflight_requests",
            "aggregateFromKubeServiceEndpoints": "true",
            "aggregationType": "sum",
            "targetValue": str(CONCURRENCY * IN_FLIGHT_PERCENT / 100),
        },
    }
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": APP},
        "spec": {
            "scaleTargetRef": {"name": APP},
            "minReplicaCount": server.floor,
            "maxReplicaCount": server.ceiling,
            "triggers": [trigger],
        },
    }


def _environment(variables: Mapping[str, str]) -> list[Manifest]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def _bounds(server: Server) -> Manifest:
    return {"minReplicas": server.floor, "maxReplicas": server.ceiling}


def _probe(path: str, *, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": 8081},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
