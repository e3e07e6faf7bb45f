"""Files and folders of a running embedded cluster, all below one state folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Names below the state folder."""

    root: Path

    @property
    def pki(self) -> Path:
        """Certificates, keys and the components' kubeconfigs."""
        return self.root / "pki"

    @property
    def logs(self) -> Path:
        """One file for each component."""
        return self.root / "logs"

    @property
    def records(self) -> Path:
        """Identities of the started processes."""
        return self.root / "run"

    @property
    def config(self) -> Path:
        """Configuration files of the components."""
        return self.root / "config"

    @property
    def cni(self) -> Path:
        """Network configuration of the pods."""
        return self.root / "cni"

    @property
    def containerd(self) -> Path:
        """Images, snapshots and state of containerd."""
        return self.root / "containerd"

    @property
    def socket(self) -> Path:
        """Socket of containerd; a path may not be longer than 107 bytes."""
        return self.root / "containerd.sock"

    @property
    def kubelet(self) -> Path:
        """Volumes and checkpoints of the kubelet."""
        return self.root / "kubelet"

    @property
    def ingress(self) -> Path:
        """Configuration, temporary files and logs of ingress-nginx."""
        return self.root / "ingress"

    @property
    def pod_logs(self) -> Path:
        """Output of the containers."""
        return self.root / "pod-logs"

    @property
    def kubeconfig(self) -> Path:
        """Administrator's kubeconfig, for people and tests."""
        return self.root / "kubeconfig"

    def log(self, component: str) -> Path:
        """Log file of a component."""
        return self.logs / f"{component}.log"

    def record(self, component: str) -> Path:
        """Identity file of a component's process."""
        return self.records / f"{component}.json"
