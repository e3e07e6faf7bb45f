"""KEDA as its release installs it: its own manifests and programs, built from its Go module.

Ours are the image, since no registry is asked for it, and the address at which the metrics adapter finds the
operator, since the embedded cluster has no DNS.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml

from hack.cluster import Backend
from hack.cluster.embedded.builder import ensure_built
from hack.cluster.embedded.modules import KEDA
from hack.cluster.images import image_store
from hack.cluster.kubectl import Kubectl
from hack.cluster.paths import Paths

Manifest = dict[str, Any]

NAMESPACE: Final = "keda"
_IMAGE: Final = "warmpool-bench/keda:dev"
_OPERATOR, _ADAPTER = "keda-operator", "keda-metrics-apiserver"
_DOCKERFILE: Final = "FROM scratch\nCOPY keda keda-adapter /\nUSER 65532:65532\n"


def install(backend: Backend, kubectl: Kubectl) -> None:
    """Build KEDA where it is missing (ten minutes), install it, and wait until the API server has its metrics."""
    paths = Paths.from_environment()
    built = ensure_built(KEDA, paths.cache)
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        for program in KEDA.programs:
            shutil.copy(built / program, context)
        (context / "Dockerfile").write_text(_DOCKERFILE, encoding="utf-8")
        image_store(paths).build(context, tag=_IMAGE, arguments={})
    backend.load([_IMAGE])
    rendered = kubectl("kustomize", str(built / "config" / "minimal"))
    manifests = [each for each in yaml.safe_load_all(rendered) if each]
    later = [each for each in manifests if each["kind"] in ("Deployment", "APIService")]
    _apply(kubectl, [each for each in manifests if each not in later])
    address = kubectl.get("service", _OPERATOR, "-n", NAMESPACE)["spec"]["clusterIP"]
    for each in later:
        if each["kind"] == "Deployment":
            _ours(each, address)
    _apply(kubectl, later)
    for name in (_OPERATOR, _ADAPTER):
        kubectl("rollout", "status", f"deployment/{name}", "-n", NAMESPACE, "--timeout=120s", timeout=150)
    kubectl(
        "wait", "apiservice", "v1beta1.external.metrics.k8s.io", "--for=condition=Available", "--timeout=60s"
    )


def _ours(deployment: Manifest, operator_address: str) -> None:
    """Give a Deployment of KEDA's our image, and the adapter the operator's address."""
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container |= {"image": _IMAGE, "imagePullPolicy": "IfNotPresent"}
    if deployment["metadata"]["name"] == _ADAPTER:
        container["args"] += [
            f"--metrics-service-address={operator_address}:9666",
            # The name in its certificate, by which it is checked.
            f"--metrics-service-grpc-authority={_OPERATOR}.{NAMESPACE}.svc.cluster.local",
        ]


def _apply(kubectl: Kubectl, manifests: list[Manifest]) -> None:
    document = {"apiVersion": "v1", "kind": "List", "items": manifests}
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(document))
