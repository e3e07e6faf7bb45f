"""Start the components of the embedded cluster, in order, and wait for a node that is Ready."""

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hack.cluster.backend import ClusterError
from hack.cluster.console import say
from hack.cluster.embedded import cgroups, network, sweep
from hack.cluster.embedded.addons import apply_addons
from hack.cluster.embedded.client import ApiClient
from hack.cluster.embedded.components import COMPONENTS, Programs
from hack.cluster.embedded.configuration import (
    CGROUP_ROOT,
    PAUSE_IMAGE,
    kubelet,
    write_configuration,
    write_kubelet,
)
from hack.cluster.embedded.containers import ContainerStore
from hack.cluster.embedded.layout import Layout
from hack.cluster.embedded.pki import NODE_NAME, write_kubeconfig, write_pki
from hack.cluster.process import is_alive, load_record, start_detached, stop_processes
from hack.cluster.single_layer import write_single_layer_image

_API_TIMEOUT_SECONDS = 60.0
_NODE_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.1
_LONGEST_SOCKET_PATH = 107
_KUBELET_HEALTH = 10248
# Address and port of everything that listens, to say early and clearly what is in the way.
_LISTENERS = (
    ("127.0.0.1", 2379),
    ("127.0.0.1", 2380),
    ("127.0.0.1", _KUBELET_HEALTH),
    ("127.0.0.1", 10256),
    ("127.0.0.1", 10257),
    ("127.0.0.1", 10259),
    ("", network.API_PORT),
    ("", network.METRICS_PORT),
    ("", 10250),
)


def check_host(layout: Layout) -> None:
    """Refuse early what cannot work on this host.

    Raises:
        ClusterError: Not root, a state path that is too long, or ports that another cluster holds.
    """
    if os.geteuid() != 0:
        raise ClusterError("the embedded cluster runs containers and needs root; kind needs only Docker")
    if len(str(layout.socket)) > _LONGEST_SOCKET_PATH:
        raise ClusterError(f"the path is too long for a socket, set WARMPOOL_STATE: {layout.socket}")
    taken = [f"{host}:{port}" for host, port in _LISTENERS if not _is_free(host, port)]
    if taken:
        raise ClusterError(
            f"in use: {', '.join(taken)}. Another Kubernetes or etcd seems to run on this host; "
            "end it, or name its context to use it"
        )


def boot(layout: Layout, programs: Programs) -> None:
    """Start everything from an empty state folder.

    Raises:
        ClusterError: A component ended or did not become ready in time; carries the end of its log.
    """
    layout.root.mkdir(parents=True, mode=0o700)
    sweep.remember_host()
    write_pki(layout.pki)
    cgroups.create_groups()
    write_configuration(layout, cgroup_root=f"/{CGROUP_ROOT}")
    network.create_node_device()
    start(layout, programs, ("containerd", "etcd", "apiserver"))
    _import_pause_image(layout, programs)
    client = ApiClient(layout.pki)
    _wait("the API server", lambda: client.get("/readyz") is not None, _API_TIMEOUT_SECONDS, layout)
    say(f"the API server answers at {network.SERVER}")
    start(layout, programs, ("controller-manager", "scheduler", "kubelet", "proxy"))
    apply_addons(client, authority=layout.pki / "ca.crt")
    start(layout, programs, ("metrics-server",))
    _wait("the node", lambda: node_is_ready(client), _NODE_TIMEOUT_SECONDS, layout)
    _wait("the first service account", lambda: _has_account(client), _NODE_TIMEOUT_SECONDS, layout)
    # Last, so that its presence says that the cluster once worked.
    write_kubeconfig(layout.kubeconfig, layout.pki, "admin")


def start(layout: Layout, programs: Programs, names: Sequence[str]) -> None:
    """Start components, each detached and recorded."""
    for name in names:
        argv = COMPONENTS[name](layout, programs)
        start_detached(argv, log=layout.log(name), record=layout.record(name))


def restart_kubelet(layout: Layout, programs: Programs, *, evict_below: str | None) -> None:
    """Start the kubelet anew with another threshold of memory, None: as at first; pods go on meanwhile."""
    changed = {"evict_below": evict_below} if evict_below else {}
    write_kubelet(layout, cgroup_root=f"/{CGROUP_ROOT}", **changed)
    running = load_record(layout.record("kubelet"))
    if running and (left := stop_processes([running], grace=10)):
        raise ClusterError(f"the kubelet does not end: pid {left[0].pid}")
    start(layout, programs, ["kubelet"])
    _wait("the kubelet", lambda: not _is_free("127.0.0.1", _KUBELET_HEALTH), _NODE_TIMEOUT_SECONDS, layout)


def kubelet_is_as_booted(layout: Layout) -> bool:
    """Whether its thresholds are the first ones: whoever raised them may have been killed."""
    written = json.loads((layout.config / "kubelet.json").read_text())
    return bool(written == kubelet(layout, cgroup_root=f"/{CGROUP_ROOT}"))


def node_is_ready(client: ApiClient) -> bool:
    """Whether the node has registered and is Ready."""
    node = client.get_json(f"/api/v1/nodes/{NODE_NAME}")
    conditions = node["status"].get("conditions", []) if node else []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def component_states(layout: Layout) -> dict[str, str]:
    """Each component and whether its process runs."""
    states = {}
    for name in COMPONENTS:
        process = load_record(layout.record(name))
        if process is None:
            states[name] = "not started"
        else:
            states[name] = "running" if is_alive(process) else "ended"
    return states


def _has_account(client: ApiClient) -> bool:
    # Pods are refused until the controllers have made it.
    return client.get("/api/v1/namespaces/default/serviceaccounts/default") is not None


def _import_pause_image(layout: Layout, programs: Programs) -> None:
    store = ContainerStore(layout.socket)
    _wait("containerd", store.is_ready, _API_TIMEOUT_SECONDS, layout)
    folder = layout.root / "pause"
    folder.mkdir()
    shutil.copy(programs.pause / "pause", folder / "pause")
    archive = layout.root / "pause.tar"
    write_single_layer_image(folder, archive, tag=PAUSE_IMAGE, entrypoint=["/pause"])
    store.import_archive(archive)
    archive.unlink()


def _wait(what: str, ready: Callable[[], bool], timeout: float, layout: Layout) -> None:
    deadline = time.monotonic() + timeout
    while not ready():
        for name, state in component_states(layout).items():
            if state == "ended":
                raise ClusterError(f"{name} ended while waiting for {what}:\n{_tail(layout.log(name))}")
        if time.monotonic() > deadline:
            raise ClusterError(f"{what} was not ready within {timeout:.0f} s; logs are in {layout.logs}")
        time.sleep(_POLL_SECONDS)


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def describe_problem(layout: Layout) -> str:
    """One sentence on components that should run and do not."""
    ended = [name for name, state in component_states(layout).items() if state != "running"]
    return f"not running: {', '.join(ended)}" if ended else ""
