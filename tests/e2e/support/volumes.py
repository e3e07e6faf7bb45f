"""A volume for clusters without storage of their own: a folder of the node behind a PersistentVolume.

The folder belongs to the user of the project's image. A pod's fsGroup alone would not do: the kubelet gives a
`local` volume to a group only when its first pod mounts it, and that may be a server that only reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import Object

PARENT = "/var/tmp"
MAKE = "import os, sys; path = '/node/' + sys.argv[1]; os.mkdir(path); os.chown(path, 65532, 65532)"
REMOVE = "import shutil, sys; shutil.rmtree('/node/' + sys.argv[1])"


@contextmanager
def node_volume(kubectl: Kubectl, name: str) -> Iterator[str]:
    """Make a folder on a node and a PersistentVolume of it, both called `name`; remove both at the end.

    A claim gets it by the storage class `name`, which needs no object.
    """
    node = kubectl.get("nodes")["items"][0]["metadata"]
    # Restricted namespaces take no pods that touch the node, so these have one of their own.
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        _on_node(kubectl, name, node["name"], MAKE)
        kubectl.apply(_volume(name, node["labels"]["kubernetes.io/hostname"]))
        yield name
        kubectl("delete", "persistentvolume", name, "--wait=false")
        _on_node(kubectl, name, node["name"], REMOVE)
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


def _volume(name: str, host: str) -> Object:
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}]}]
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteMany"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": name,
        "local": {"path": f"{PARENT}/{name}"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def _on_node(kubectl: Kubectl, name: str, node: str, code: str) -> None:
    """Run a line of Python as root beside the node's files; `name` is namespace and argument."""
    container = {
        "name": "python",
        "image": "warmpool/serving:dev",
        "command": ["python", "-c", code, name],
        "securityContext": {"runAsUser": 0, "runAsNonRoot": False},
        "volumeMounts": [{"name": "node", "mountPath": "/node"}],
    }
    spec = {
        "nodeName": node,
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "node", "hostPath": {"path": PARENT, "type": "Directory"}}],
    }
    verb = "make" if code is MAKE else "remove"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": verb}, "spec": spec}
    kubectl.apply(pod, namespace=name)
    phase = "--for=jsonpath={.status.phase}=Succeeded"
    kubectl("wait", phase, f"pod/{verb}", "-n", name, "--timeout=60s")
