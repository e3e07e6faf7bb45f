"""The embedded backend: a real single-node Kubernetes on a machine with neither Docker nor a registry.

Limits: one node; no cluster DNS (a pod finds a Service by its address or by the environment variables that the
kubelet sets, other names go to the host's resolver); no storage provisioner, no load balancers. One embedded
cluster per host, as its addresses are fixed.
"""

import json
import time
from collections.abc import Sequence, Set
from pathlib import Path

from hack.cluster.backend import ClusterError, IngressAddress, Status
from hack.cluster.buildah import BuildahStore
from hack.cluster.console import say, step
from hack.cluster.embedded import ingress
from hack.cluster.embedded.boot import (
    boot,
    check_host,
    component_states,
    describe_problem,
    kubelet_is_as_booted,
    node_is_ready,
    restart_kubelet,
)
from hack.cluster.embedded.builder import ensure_built, folder_of
from hack.cluster.embedded.client import ApiClient
from hack.cluster.embedded.components import COMPONENTS, Programs
from hack.cluster.embedded.containers import ContainerStore
from hack.cluster.embedded.layout import Layout
from hack.cluster.embedded.modules import INGRESS_NGINX, KUBERNETES, METRICS_SERVER, PAUSE
from hack.cluster.embedded.packages import INGRESS_PACKAGES, RUNTIME_PACKAGES, ensure_packages
from hack.cluster.embedded.pki import NODE_NAME
from hack.cluster.embedded.sweep import leftovers, sweep
from hack.cluster.images import ImageStore, image_store
from hack.cluster.lock import exclusive
from hack.cluster.paths import Paths

_PATIENCE_SECONDS = 60.0


class EmbeddedBackend:
    """Real etcd, API server, controllers, scheduler, kubelet and kube-proxy as processes of this host."""

    name = "embedded"

    def __init__(self, paths: Paths) -> None:
        """Keep binaries in the cache and everything else in the state folder."""
        self._paths = paths
        self._layout = Layout(paths.cluster)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self._layout.kubeconfig

    @property
    def tool_path(self) -> Sequence[Path]:
        """Folder with kubectl and helm, built with the cluster."""
        return [folder_of(KUBERNETES, self._paths.cache)]

    def build(self) -> Programs:
        """Build the programs that the cache lacks: ten minutes on two cores when it is empty."""
        cache = self._paths.cache
        return Programs(
            kubernetes=ensure_built(KUBERNETES, cache),
            metrics_server=ensure_built(METRICS_SERVER, cache),
            pause=ensure_built(PAUSE, cache),
        )

    def up(self) -> None:
        """Boot, after removing what a killed predecessor left; only looks when the cluster is healthy."""
        with exclusive(self._paths.lock, what="cluster command"):
            if self._recovers():
                if not kubelet_is_as_booted(self._layout):
                    restart_kubelet(self._layout, self.build(), evict_below=None)
                say("the embedded cluster is up already")
                return
            ensure_packages(RUNTIME_PACKAGES)
            programs = self.build()
            if leftovers(self._layout):
                say("removing what an earlier cluster left")
                sweep(self._layout)
            check_host(self._layout)
            with step("booting the embedded cluster"):
                boot(self._layout, programs)

    def _recovers(self) -> bool:
        """Whether the cluster is healthy, or will be: a busy machine answers late, which is no reason to wipe."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (status := self.status()).state != "Running":
            alive = set(status.components.values()) == {"running"} and self.kubeconfig.exists()
            if not alive or time.monotonic() > deadline:
                return False
            time.sleep(1)
        return True

    def down(self) -> None:
        """Remove the cluster; its binaries and built images stay in the cache.

        Raises:
            ClusterError: Something could not be removed; names it.
        """
        with exclusive(self._paths.lock, what="cluster command"):
            if leftovers(self._layout):
                with step("removing the embedded cluster"):
                    sweep(self._layout)
            else:
                say("no embedded cluster is there")
            mounts = [f"mount {point}" for point in BuildahStore(self._paths).release()]
            if left := [*leftovers(self._layout), *mounts]:
                raise ClusterError("could not remove: " + ", ".join(left))

    def status(self) -> Status:
        """Running when every component runs, the API server answers and the node is Ready."""
        layout = self._layout
        if not layout.root.exists():
            return Status(backend=self.name, state="Stopped", kubeconfig=self.kubeconfig)
        components = component_states(layout)
        version, ready = self._ask()
        healthy = ready and layout.kubeconfig.exists() and set(components.values()) == {"running"}
        running = [name for name, state in components.items() if state == "running"]
        # An ingress controller that ended is no reason to boot anew: `ingress` starts it again.
        guard = ingress.state_of(layout)
        shown = {**components, ingress.COMPONENT: guard} if guard else components
        return Status(
            backend=self.name,
            state="Running" if healthy else "Degraded" if running else "Stopped",
            kubeconfig=self.kubeconfig,
            version=version,
            node=NODE_NAME if ready else "",
            components=shown,
            detail=describe_problem(layout),
        )

    def load(self, images: Sequence[str]) -> None:
        """Copy images from the local image store into containerd, less the layers that it has."""
        if self.status().state != "Running":
            raise ClusterError("the embedded cluster is not up")
        store = image_store(self._paths)
        containers = ContainerStore(self._layout.socket)
        for image in images:
            wanted = store.image_id(image)
            if containers.image_id(store.full_name(image)) == wanted:
                say(f"{image} is loaded already")
                continue
            with step(f"loading {image}"):
                try:
                    self._import(store, containers, image, containers.blobs())
                except ClusterError:
                    # Blobs that no image used may have been collected since they were listed.
                    self._import(store, containers, image, set())

    def ingress(self) -> IngressAddress:
        """Start ingress-nginx on this host, built and installed where it is missing."""
        with exclusive(self._paths.lock, what="cluster command"):
            if ingress.is_running(self._layout):
                return ingress.ADDRESS
            if self.status().state != "Running":
                raise ClusterError("the embedded cluster is not up")
            ensure_packages(INGRESS_PACKAGES)
            ingress.start(self._layout, ensure_built(INGRESS_NGINX, self._paths.cache))
            return ingress.ADDRESS

    def evict_below(self, memory: str | None) -> None:
        """Restart the kubelet, which knows no other way to take a threshold."""
        with exclusive(self._paths.lock, what="cluster command"):
            if self.status().state != "Running":
                raise ClusterError("the embedded cluster is not up")
            restart_kubelet(self._layout, self.build(), evict_below=memory)

    def _import(self, store: ImageStore, containers: ContainerStore, image: str, present: Set[str]) -> None:
        with store.archive(image, present=present) as archive:
            containers.import_archive(archive)

    def logs(self, component: str | None, *, lines: int) -> str:
        """The last lines of one component's log, or of all."""
        known = [*COMPONENTS, ingress.COMPONENT]
        if component is not None and component not in known:
            raise ClusterError(f"no component {component!r}; there are {', '.join(known)}")
        parts = []
        for name in [component] if component else known:
            log = self._layout.log(name)
            if log.exists():
                tail = log.read_text(errors="replace").splitlines()[-lines:]
                parts.append("\n".join([f"==> {log} <==", *tail]))
        if not parts:
            raise ClusterError("no logs: the embedded cluster was not started")
        return "\n\n".join(parts)

    def _ask(self) -> tuple[str, bool]:
        try:
            client = ApiClient(self._layout.pki)
        except ClusterError:
            return "", False
        answer = client.get("/version")
        version = str(json.loads(answer)["gitVersion"]) if answer else ""
        return version, bool(version) and node_is_ready(client)
