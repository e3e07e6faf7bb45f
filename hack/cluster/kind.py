"""kind: Kubernetes in Docker, what most people have and what runs in continuous integration.

Invariant: it uses a kubeconfig of its own; the user's is neither read nor written.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from hack.cluster.backend import ClusterError, IngressAddress, Status
from hack.cluster.commands import run
from hack.cluster.console import say, step
from hack.cluster.docker import docker_answers
from hack.cluster.kubectl import ask_status
from hack.cluster.lock import exclusive
from hack.cluster.paths import Paths

IMAGE_VARIABLE = "WARMPOOL_KIND_IMAGE"
_HERE = Path(__file__).parent
_CLUSTER = "warmpool"
_KUBELET_FLAGS = "/etc/default/kubelet"
_INGRESS_CHARTS = "https://kubernetes.github.io/ingress-nginx"
_INGRESS_CHART = "4.15.1"
_HTTP, _HTTPS = 30080, 30443
_INGRESS_SETTINGS = {
    "controller.service.type": "NodePort",
    "controller.service.nodePorts.http": str(_HTTP),
    "controller.service.nodePorts.https": str(_HTTPS),
    # The address of the client, not of the node: limits count per client.
    "controller.service.externalTrafficPolicy": "Local",
    "controller.config.limit-conn-status-code": "429",
    "controller.config.limit-req-status-code": "429",
}


def kind_usable() -> bool:
    """Whether kind and kubectl are installed and a Docker daemon answers."""
    return shutil.which("kind") is not None and shutil.which("kubectl") is not None and docker_answers()


class KindBackend:
    """One kind cluster, named `warmpool`."""

    name = "kind"

    def __init__(self, paths: Paths, *, environ: Mapping[str, str]) -> None:
        """`WARMPOOL_KIND_IMAGE` chooses the node image and so the version of Kubernetes."""
        self._paths = paths
        self._folder = paths.state / "kind"
        self._image = environ.get(IMAGE_VARIABLE, "")

    @property
    def kubeconfig(self) -> Path:
        """Of the kind cluster alone."""
        return self._folder / "kubeconfig"

    @property
    def tool_path(self) -> Sequence[Path]:
        """The user's own kubectl and helm are used."""
        return []

    def up(self) -> None:
        """Create the cluster where it is missing, and give it metrics-server."""
        with exclusive(self._paths.lock, what="cluster command"):
            if not kind_usable():
                raise ClusterError("kind needs a Docker daemon, kind and kubectl: https://kind.sigs.k8s.io")
            self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            if _CLUSTER in run(["kind", "get", "clusters"]).stdout.split():
                run(["kind", "export", "kubeconfig", "--name", _CLUSTER, "--kubeconfig", self.kubeconfig])
                if "eviction" in self._node("cat", _KUBELET_FLAGS):
                    self._restart_kubelet("")
                say("the kind cluster is up already")
            else:
                self._create()
            manifest = _HERE / "kind-metrics-server.yaml"
            kubectl = ["kubectl", "--kubeconfig", str(self.kubeconfig)]
            run([*kubectl, "apply", "--server-side", "-f", manifest])
            rollout = ["rollout", "status", "deployment/metrics-server", "--timeout=180s"]
            run([*kubectl, "-n", "kube-system", *rollout])

    def _create(self) -> None:
        argv = ["kind", "create", "cluster", "--name", _CLUSTER, "--config", str(_HERE / "kind.yaml")]
        argv += ["--kubeconfig", str(self.kubeconfig), "--wait", "180s"]
        if self._image:
            argv += ["--image", self._image]
        with step("creating a kind cluster"):
            run(argv, timeout=900)

    def down(self) -> None:
        """Delete the cluster."""
        with exclusive(self._paths.lock, what="cluster command"):
            if self._folder.exists():
                run(["kind", "delete", "cluster", "--name", _CLUSTER, "--kubeconfig", self.kubeconfig])
                shutil.rmtree(self._folder)

    def status(self) -> Status:
        """Ask the cluster."""
        return ask_status(self.name, self.kubeconfig)

    def load(self, images: Sequence[str]) -> None:
        """Load images from Docker; kind itself skips those that the node has."""
        for image in images:
            run(["kind", "load", "docker-image", "--name", _CLUSTER, image])

    def logs(self, component: str | None, *, lines: int) -> str:
        """Logs of the pods that run the components; without a component, of the node's kubelet."""
        if component is None or component == "kubelet":
            return self._node("journalctl", "-u", "kubelet", "-n", str(lines))
        argv = ["kubectl", "--kubeconfig", str(self.kubeconfig), "-n", "kube-system", "logs"]
        return run([*argv, "--tail", str(lines), "--selector", f"component={component}"]).stdout

    def ingress(self) -> IngressAddress:
        """Install ingress-nginx from its own chart; its Service is a NodePort, which this machine reaches."""
        helm = [
            "helm",
            "--kubeconfig",
            str(self.kubeconfig),
            "upgrade",
            "--install",
            "ingress-nginx",
            "ingress-nginx",
        ]
        settings = [f"{name}={value}" for name, value in _INGRESS_SETTINGS.items()]
        helm += ["--repo", _INGRESS_CHARTS, "--version", _INGRESS_CHART, "--namespace", "ingress-nginx"]
        helm += ["--create-namespace", "--set", ",".join(settings), "--wait", "--timeout", "180s"]
        run(helm, timeout=240)
        kubectl = ["kubectl", "--kubeconfig", str(self.kubeconfig)]
        path = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}"
        address = run([*kubectl, "get", "nodes", "-o", path]).stdout.split()[0]
        return IngressAddress("nginx", f"http://{address}:{_HTTP}", f"https://{address}:{_HTTPS}")

    def evict_below(self, memory: str | None) -> None:
        """Restart the node's kubelet with other arguments; pods go on meanwhile."""
        with exclusive(self._paths.lock, what="cluster command"):
            short = f"--eviction-hard=memory.available<{memory} --eviction-pressure-transition-period=5s"
            self._restart_kubelet(short if memory else "")

    def _restart_kubelet(self, more: str) -> None:
        # The flag is what kind's node image has there.
        line = f"KUBELET_EXTRA_ARGS=--runtime-cgroups=/system.slice/containerd.service {more}".rstrip()
        self._node("sh", "-c", f"echo '{line}' > {_KUBELET_FLAGS}")
        self._node("systemctl", "restart", "kubelet")

    def _node(self, *command: str) -> str:
        return run(["docker", "exec", f"{_CLUSTER}-control-plane", *command]).stdout
