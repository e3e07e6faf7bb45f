"""What every kind of cluster can do, and the one error that a user sees.

Invariant: a backend works on its own cluster alone. Its kubeconfig is a file of its own with a single context,
so no command that is given this file can reach another cluster by accident.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

State = Literal["Running", "Degraded", "Stopped"]


class ClusterError(Exception):
    """Something a user can act on; the command line prints it without a stack trace."""


@dataclass(frozen=True)
class Status:
    """What a cluster looks like now.

    Attributes:
        backend: Name of the backend, for instance `kind`.
        state: `Running` when the API server answers and a node is Ready, `Stopped` when nothing is there.
        version: Version of the API server, for instance `v1.34.2`; empty when it does not answer.
        node: Name of a node, or an empty string.
        kubeconfig: Where the kubeconfig lies, whether the cluster runs or not.
        components: Component name to `running` or the reason why not; empty where others run the components.
        detail: One sentence for a person.
    """

    backend: str
    state: State
    kubeconfig: Path
    version: str = ""
    node: str = ""
    components: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True)
class IngressAddress:
    """Where an ingress controller can be reached from this machine.

    Attributes:
        class_name: IngressClass that it serves.
        http: URL without a path, for instance `http://127.0.0.1:18080`.
        https: The same for TLS.
    """

    class_name: str
    http: str
    https: str


class Backend(Protocol):
    """A way to have a Kubernetes cluster."""

    @property
    def name(self) -> str:
        """Short name, as shown by `status`."""
        ...

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of this cluster alone; exists once `up` has returned."""
        ...

    @property
    def tool_path(self) -> Sequence[Path]:
        """Folders with the kubectl and helm of this cluster, to be put in front of PATH; may be empty."""
        ...

    def up(self) -> None:
        """Make the cluster run; returns quickly when it already does.

        Raises:
            ClusterError: The cluster cannot be had, with what to do about it.
        """
        ...

    def down(self) -> None:
        """Remove the cluster and everything it left; a no-op for a cluster that others own."""
        ...

    def status(self) -> Status:
        """Look, without changing anything."""
        ...

    def load(self, images: Sequence[str]) -> None:
        """Make locally built images available to pods; images that are already there are skipped.

        Raises:
            ClusterError: An image does not exist here, or this cluster takes images from a registry only.
        """
        ...

    def logs(self, component: str | None, *, lines: int) -> str:
        """The last lines of one component's log, or of all.

        Raises:
            ClusterError: No such component.
        """
        ...

    def ingress(self) -> IngressAddress:
        """Make an ingress-nginx run, and say where; returns quickly when it already does.

        Raises:
            ClusterError: It cannot be had, with what to do about it.
        """
        ...

    def evict_below(self, memory: str | None) -> None:
        """Have nodes evict pods while less memory is free than this, for instance `12Gi`; None: as at first.

        Raises:
            ClusterError: The nodes are not ours to change.
        """
        ...
