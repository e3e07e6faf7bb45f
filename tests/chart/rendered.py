"""The chart with everything turned on or bound to namespaces, and its objects by kind."""

import subprocess
from collections.abc import Callable
from typing import Any

Render = Callable[..., list[dict[str, Any]]]
Helm = Callable[..., subprocess.CompletedProcess[str]]
EVERYTHING: dict[str, Any] = {
    "replicas": 2,
    "networkPolicy.enabled": True,
    "networkPolicy.from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
    "networkPolicy.ingressControllers": [{"namespaceSelector": {"matchLabels": {"name": "ingress-nginx"}}}],
    "metrics.serviceMonitor.enabled": True,
    "metrics.serviceMonitor.labels": {"release": "prometheus"},
    "metrics.podMonitor.enabled": True,
    "metrics.prometheusRule.enabled": True,
    "metrics.dashboard.enabled": True,
    "metrics.dashboard.annotations": {"grafana_folder": "models"},
    "metrics.service.annotations": {"prometheus.io/scrape": "true"},
    "serviceAccount.annotations": {"a": "b"},
    "image.digest": "sha256:" + "0" * 64,
    "imagePullSecrets": [{"name": "pull"}],
    "extraEnv": [{"name": "TZ", "value": "UTC"}],
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "ml"},
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}
NAMESPACED: dict[str, Any] = {"rbac.scope": "namespace", "watchNamespaces": ["a", "b"]}


def kinds(manifests: list[dict[str, Any]]) -> list[str]:
    return sorted(manifest["kind"] for manifest in manifests)


def one(manifests: list[dict[str, Any]], kind: str, name: str = "r-warmpool") -> dict[str, Any]:
    (found,) = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def pod(manifests: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operator's pod spec and its only container."""
    spec = one(manifests, "Deployment")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return spec, container
