"""A real Kubernetes for tests, one command away.

`python -m hack.cluster up` finds the best cluster that this machine can offer, in this order: a kubeconfig
context that was named, kind, an embedded cluster built from Go modules. Nothing here ever touches a context
that was not named.
"""

from hack.cluster.backend import Backend, ClusterError, Status
from hack.cluster.paths import Paths
from hack.cluster.selection import select_backend

__all__ = ["Backend", "ClusterError", "Paths", "Status", "select_backend"]
