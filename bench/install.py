"""The operator of this checkout on the cluster, for all namespaces: the demo's sees one alone."""

import subprocess
from pathlib import Path
from typing import Final

from hack.cluster import Backend, ClusterError
from hack.cluster.kubectl import Kubectl, find_tool

ROOT: Final = Path(__file__).parents[1]
IMAGE: Final = "warmpool/operator:dev"
"""What `make images` builds and loads."""
OPERATOR: Final = "warmpool"
OPERATOR_NAMESPACE: Final = "warmpool-system"


def install(backend: Backend, image: str = IMAGE) -> None:
    """Install or upgrade the operator, and make sure that a new pod of it runs.

    Args:
        backend: the cluster.
        image: name and tag, loaded already.

    Raises:
        ClusterError: Helm says no.
    """
    name, tag = image.split(":")
    argv = [find_tool(backend, "helm"), "--kubeconfig", str(backend.kubeconfig)]
    argv += ["upgrade", "--install", OPERATOR, str(ROOT / "charts/warmpool"), "--take-ownership"]
    argv += ["--namespace", OPERATOR_NAMESPACE, "--create-namespace", "--wait", "--timeout", "90s"]
    argv += ["--set", f"image.repository={name}", "--set", f"image.tag={tag}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=150)
    if done.returncode != 0:
        raise ClusterError(f"helm: {done.stderr.strip()}")
    kubectl = Kubectl(backend)
    kubectl("rollout", "restart", f"deployment/{OPERATOR}", "-n", OPERATOR_NAMESPACE)
    kubectl("rollout", "status", f"deployment/{OPERATOR}", "-n", OPERATOR_NAMESPACE, "--timeout=90s")
