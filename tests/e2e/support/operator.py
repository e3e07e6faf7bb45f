"""The operator as users run it: an image, installed by its chart."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from hack.cluster import Backend
from hack.cluster.kubectl import Kubectl

NAMESPACE = "warmpool-system"
RELEASE = "warmpool"
SELECTOR = "app.kubernetes.io/name=warmpool,app.kubernetes.io/instance=warmpool"
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class OperatorHandle:
    """The installed release."""

    cluster: Backend
    kubectl: Kubectl
    helm: str

    def install(self) -> None:
        """Install or upgrade the release of this checkout and wait until it runs."""
        existed = RELEASE in self.kubectl(
            "get", "deployments", "-n", NAMESPACE, "-o", "name", "--ignore-not-found"
        )
        argv = [self.helm, "--kubeconfig", str(self.cluster.kubeconfig), "upgrade", "--install", RELEASE]
        argv += [str(ROOT / "charts/warmpool"), "--namespace", NAMESPACE, "--create-namespace"]
        # The second replica that the chart brings by default would only take from two cores.
        argv += ["--set", "image.tag=dev,replicas=1", "--wait", "--timeout", "90s"]
        # Other tests apply the definition by themselves, as users with GitOps do.
        argv += ["--take-ownership"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=150)
        if done.returncode != 0:
            raise AssertionError(f"helm: {done.stderr}\n{self.logs()}")
        if existed:  # the tag is the same for every build, so Helm sees no reason to roll
            self.restart()

    def restart(self) -> None:
        """Roll the operator over to a new pod, gracefully."""
        self.kubectl("rollout", "restart", f"deployment/{RELEASE}", "-n", NAMESPACE)
        self.kubectl("rollout", "status", f"deployment/{RELEASE}", "-n", NAMESPACE, "--timeout=90s")

    def kill(self) -> None:
        """Delete the operator's pods without grace: no lease is given back."""
        self.kubectl("delete", "pods", "-n", NAMESPACE, "-l", SELECTOR, "--grace-period=0", "--force")
        self.kubectl("rollout", "status", f"deployment/{RELEASE}", "-n", NAMESPACE, "--timeout=90s")

    def logs(self) -> str:
        """Return the last lines that it logged."""
        return self.kubectl("logs", "-n", NAMESPACE, "-l", SELECTOR, "--tail=50", "--prefix")
