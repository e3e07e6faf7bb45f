"""Places that models are fetched from, as pods: a real S3 server, and a web server with the hub's layout.

Pods reach them by ClusterIP, since the embedded cluster has no DNS; this machine by NodePort.
"""

import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.store import from_url

from hack.cluster import Paths
from hack.cluster.embedded.builder import ensure_built
from hack.cluster.embedded.modules import VERSITYGW
from hack.cluster.kubectl import Kubectl

if TYPE_CHECKING:
    from obstore.store import ObjectStore

S3_IMAGE = "warmpool-s3:test"
S3_PORT = 7070
ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"
MIRROR = Path(__file__).parents[2] / "sources" / "mirror.py"
MIRROR_PORT = 8080
DOCKERFILE = """\
FROM scratch
COPY versitygw /versitygw
USER 65532:65532
ENTRYPOINT ["/versitygw"]
"""
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Store:
    """A server in the cluster.

    Attributes:
        inside: its URL for pods.
        outside: its URL for this machine.
    """

    kubectl: Kubectl
    namespace: str
    name: str
    inside: str
    outside: str

    def ask(self, path: str, *, method: str = "GET") -> bytes:
        """Return what it answers."""
        request = urllib.request.Request(self.outside + path, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body: bytes = answer.read()
            return body


def start_s3(
    kubectl: Kubectl, namespace: str, build_image: Callable[..., str], scratch: Path, *, bucket: str
) -> Store:
    """Run a real S3 server with an empty bucket, and put its keys into the Secret `s3`."""
    binary = ensure_built(VERSITYGW, Paths.from_environment().cache) / "versitygw"
    shutil.copyfile(binary, scratch / "versitygw")
    (scratch / "versitygw").chmod(0o755)
    (scratch / "Dockerfile").write_text(DOCKERFILE)
    container = {
        "image": build_image(scratch, S3_IMAGE),
        "args": ["--port", f":{S3_PORT}", "posix", "--sidecar", "/data/meta", "/data/objects"],
        "workingDir": "/data",
        "env": [
            {"name": "ROOT_ACCESS_KEY_ID", "value": ACCESS_KEY},
            {"name": "ROOT_SECRET_ACCESS_KEY", "value": SECRET_KEY},
        ],
        "volumeMounts": [
            {"name": "objects", "mountPath": "/data/objects"},
            {"name": "meta", "mountPath": "/data/meta"},
        ],
    }
    volumes = [{"name": "objects", "emptyDir": {}}, {"name": "meta", "emptyDir": {}}]
    store = _run(kubectl, namespace, "s3", S3_PORT, container, volumes)
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    kubectl.apply(_object("v1", "Secret", "s3", stringData=keys), namespace=namespace)
    url = obstore.sign(bucket_of(store, bucket), "PUT", "", timedelta(minutes=1))
    urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=10).close()
    return store


def bucket_of(store: Store, path: str) -> "ObjectStore":
    """Return a bucket, or a folder of it, as this machine reaches it."""
    return from_url(
        f"s3://{path}",
        endpoint=store.outside,
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        client_options={"allow_http": True},
    )


def upload(store: Store, path: str, folder: Path) -> None:
    """Put a folder's files into a bucket."""
    target = bucket_of(store, path)
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        with file.open("rb") as stream:
            obstore.put(target, str(file.relative_to(folder)), stream)


def start_mirror(kubectl: Kubectl, namespace: str, name: str, folder: str, *arguments: str) -> Store:
    """Run the web server of `tests/sources` on a folder of the serving image.

    Args:
        kubectl: the cluster.
        namespace: where.
        name: of the server's objects.
        folder: what to serve, in the container.
        arguments: of the server.
    """
    code = _object("v1", "ConfigMap", name, data={"mirror.py": MIRROR.read_text()})
    kubectl.apply(code, namespace=namespace)
    container = {
        "image": "warmpool/serving:dev",
        "command": ["python", "/code/mirror.py", folder, *arguments],
        "volumeMounts": [{"name": "code", "mountPath": "/code"}],
    }
    volumes = [{"name": "code", "configMap": {"name": name}}]
    return _run(kubectl, namespace, name, MIRROR_PORT, container, volumes)


def _run(
    kubectl: Kubectl,
    namespace: str,
    name: str,
    port: int,
    container: dict[str, Any],
    volumes: list[dict[str, Any]],
) -> Store:
    labels = {"app": name}
    spec = _pod_spec(port, container, volumes)
    template = {"metadata": {"labels": labels}, "spec": spec}
    deployment = {"selector": {"matchLabels": labels}, "template": template}
    service = {"type": "NodePort", "selector": labels, "ports": [{"port": port}]}
    kubectl.apply(
        _object("apps/v1", "Deployment", name, spec=deployment),
        _object("v1", "Service", name, spec=service),
        namespace=namespace,
    )
    kubectl("rollout", "status", "-n", namespace, f"deployment/{name}", "--timeout=90s")
    made = kubectl.get("service", name, "-n", namespace)["spec"]
    store = Store(
        kubectl,
        namespace,
        name,
        inside=f"http://{made['clusterIP']}:{port}",
        outside=f"http://{_node_address(kubectl)}:{made['ports'][0]['nodePort']}",
    )
    _wait_reachable(store)
    return store


def _pod_spec(port: int, container: dict[str, Any], volumes: list[dict[str, Any]]) -> dict[str, Any]:
    """Complete a container to a pod that a restricted namespace takes."""
    server = {
        "name": "server",
        "securityContext": RESTRICTED,
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
        "resources": {
            "requests": {"cpu": "20m", "memory": "64Mi"},
            "limits": {"memory": "512Mi"},
        },
    }
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"fsGroup": 65532},
        "containers": [container | server],
        "volumes": volumes,
    }


def _wait_reachable(store: Store) -> None:
    """Ready is a second ahead of the node's network."""
    deadline = time.monotonic() + 30
    while True:
        try:
            store.ask("/")
        except urllib.error.HTTPError:
            return
        except OSError:
            assert time.monotonic() < deadline, f"{store.name} is ready and cannot be reached"
            time.sleep(0.1)
        else:
            return


def _node_address(kubectl: Kubectl) -> str:
    addresses = kubectl.get("nodes")["items"][0]["status"]["addresses"]
    return str(next(each["address"] for each in addresses if each["type"] == "InternalIP"))


def _object(version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}} | fields
