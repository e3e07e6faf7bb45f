"""A cluster that somebody else runs, used because its context was named.

Invariant: commands get a kubeconfig that holds the named context and no other, so a slip cannot reach the
cluster that happens to be current.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from hack.cluster.backend import ClusterError, IngressAddress, Status
from hack.cluster.commands import run
from hack.cluster.console import say
from hack.cluster.kubectl import ask_status
from hack.cluster.paths import Paths

INGRESS_VARIABLE = "WARMPOOL_E2E_INGRESS"


class NamedBackend:
    """Uses, and never creates or removes."""

    name = "context"

    def __init__(self, context: str, paths: Paths, *, environ: Mapping[str, str]) -> None:
        """Work on the context of this name.

        Raises:
            ClusterError: The name is empty.
        """
        if not context.strip():
            raise ClusterError("no context was named")
        self._context = context
        self._folder = paths.state / "context"
        self._ingress = environ.get(INGRESS_VARIABLE, "")
        self._environ = {"KUBECONFIG": environ["KUBECONFIG"]} if environ.get("KUBECONFIG") else {}

    @property
    def kubeconfig(self) -> Path:
        """A private copy with the named context alone."""
        return self._folder / "kubeconfig"

    @property
    def tool_path(self) -> Sequence[Path]:
        """The user's own kubectl and helm are used."""
        return []

    def up(self) -> None:
        """Extract the context and see that its cluster answers."""
        argv = ["kubectl", "config", "view", "--minify", "--flatten", "--raw", "--context", self._context]
        done = run(argv, env=self._environ, check=False)
        if done.returncode != 0:
            raise ClusterError(f"no context {self._context!r} in the kubeconfig: {done.stderr.strip()}")
        self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(done.stdout)
        status = self.status()
        if status.state != "Running":
            raise ClusterError(f"the cluster of context {self._context!r} does not answer: {status.detail}")
        say(f"using context {self._context}, Kubernetes {status.version}")

    def down(self) -> None:
        """Forget the private copy; the cluster is not ours to remove."""
        shutil.rmtree(self._folder, ignore_errors=True)
        say(f"context {self._context} was only used: its cluster stays as it is")

    def status(self) -> Status:
        """Ask the cluster."""
        return ask_status(self.name, self.kubeconfig)

    def load(self, images: Sequence[str]) -> None:
        """Load into a local cluster that has a way to; others take images from a registry."""
        for image in images:
            if self._context.startswith("kind-"):
                cluster = self._context.removeprefix("kind-")
                run(["kind", "load", "docker-image", "--name", cluster, image])
            elif self._context == "minikube":
                run(["minikube", "image", "load", image])
            else:
                raise ClusterError(
                    f"context {self._context} takes images from a registry only: push {image} to one that its "
                    "nodes reach"
                )

    def logs(self, component: str | None, *, lines: int) -> str:
        """Others run the components."""
        del component, lines
        raise ClusterError(f"logs of context {self._context} are with those who run it")

    def ingress(self) -> IngressAddress:
        """The cluster's own controller, which only its owner knows how to reach."""
        plain, _, secure = self._ingress.partition(",")
        if not plain.startswith("http://") or not secure.startswith("https://"):
            raise ClusterError(
                f"set {INGRESS_VARIABLE}=http://HOST,https://HOST to where the cluster's ingress-nginx"
                " (class nginx) answers"
            )
        return IngressAddress("nginx", plain.rstrip("/"), secure.rstrip("/"))

    def evict_below(self, memory: str | None) -> None:
        """The nodes are others'."""
        del memory
        raise ClusterError(f"the nodes of context {self._context} are with those who run it")
