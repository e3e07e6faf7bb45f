"""Command lines of the cluster's components.

Invariant: every command line names a file below the state folder, which is how a component is recognized
after its identity file was lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.embedded.layout import Layout
from hack.cluster.embedded.network import (
    API_PORT,
    METRICS_PORT,
    NODE_ADDRESS,
    POD_RANGE,
    SERVICE_RANGE,
)
from hack.cluster.embedded.pki import NODE_NAME

_ETCD = "http://127.0.0.1:2379"


@dataclass(frozen=True)
class Programs:
    """Where the built programs lie.

    Attributes:
        kubernetes: Folder with etcd, the Kubernetes components, kubectl and helm.
        metrics_server: Folder with metrics-server.
        pause: Folder with the program that holds a pod open.
    """

    kubernetes: Path
    metrics_server: Path
    pause: Path


def containerd(layout: Layout, programs: Programs) -> Sequence[str]:
    """Container runtime, the distribution's."""
    del programs
    return ["/usr/bin/containerd", "--config", f"{layout.config}/containerd.toml"]


def etcd(layout: Layout, programs: Programs) -> Sequence[str]:
    """Storage on loopback; no fsync, as its data do not outlive the cluster."""
    return [
        f"{programs.kubernetes}/etcd",
        f"--data-dir={layout.root}/etcd",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",
    ]


def apiserver(layout: Layout, programs: Programs) -> Sequence[str]:
    """API server with RBAC, Pod Security admission (on by default) and aggregation."""
    pki = layout.pki
    return [
        f"{programs.kubernetes}/kube-apiserver",
        f"--etcd-servers={_ETCD}",
        f"--secure-port={API_PORT}",
        f"--bind-address={NODE_ADDRESS}",
        f"--advertise-address={NODE_ADDRESS}",
        f"--cert-dir={layout.root}/apiserver",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki}/service-account.pub",
        f"--service-account-signing-key-file={pki}/service-account.key",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={pki}/ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
        "--enable-aggregator-routing=true",
    ]


def controller_manager(layout: Layout, programs: Programs) -> Sequence[str]:
    """Controllers; the autoscaler's period stays at its default of 15 s, which is what users have.

    The request rate is above its default of 20 a second, which spreads the start of the controllers over 5 s.
    """
    pki = layout.pki
    return [
        f"{programs.kubernetes}/kube-controller-manager",
        *_clients(layout, "controller-manager"),
        f"--service-account-private-key-file={pki}/service-account.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        "--use-service-account-credentials=true",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        f"--cluster-cidr={POD_RANGE}",
        "--allocate-node-cidrs=false",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ]


def scheduler(layout: Layout, programs: Programs) -> Sequence[str]:
    """Scheduler."""
    return [
        f"{programs.kubernetes}/kube-scheduler",
        *_clients(layout, "scheduler"),
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ]


def kubelet(layout: Layout, programs: Programs) -> Sequence[str]:
    """Kubelet, which makes real containers with real probes and limits."""
    return [
        f"{programs.kubernetes}/kubelet",
        f"--kubeconfig={layout.pki}/kubelet.kubeconfig",
        f"--config={layout.config}/kubelet.json",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={NODE_ADDRESS}",
        f"--root-dir={layout.kubelet}",
        f"--cert-dir={layout.kubelet}/pki",
    ]


def proxy(layout: Layout, programs: Programs) -> Sequence[str]:
    """kube-proxy, which makes Service addresses work."""
    return [f"{programs.kubernetes}/kube-proxy", f"--config={layout.config}/proxy.json"]


def metrics_server(layout: Layout, programs: Programs) -> Sequence[str]:
    """metrics-server as a process of the host, behind the API server's aggregation."""
    pki = layout.pki
    return [
        f"{programs.metrics_server}/metrics-server",
        f"--kubeconfig={pki}/metrics-server.kubeconfig",
        f"--authentication-kubeconfig={pki}/metrics-server.kubeconfig",
        f"--authorization-kubeconfig={pki}/metrics-server.kubeconfig",
        f"--bind-address={NODE_ADDRESS}",
        f"--secure-port={METRICS_PORT}",
        f"--tls-cert-file={pki}/metrics-server.crt",
        f"--tls-private-key-file={pki}/metrics-server.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        "--metric-resolution=15s",
    ]


def _clients(layout: Layout, name: str) -> Sequence[str]:
    kubeconfig = f"{layout.pki}/{name}.kubeconfig"
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
    ]


# In the order in which they are started; they are stopped in the opposite order.
COMPONENTS: Mapping[str, Callable[[Layout, Programs], Sequence[str]]] = {
    "containerd": containerd,
    "etcd": etcd,
    "apiserver": apiserver,
    "controller-manager": controller_manager,
    "scheduler": scheduler,
    "kubelet": kubelet,
    "proxy": proxy,
    "metrics-server": metrics_server,
}
