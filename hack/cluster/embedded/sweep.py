"""Remove every trace of an embedded cluster from the host, whether it ended well, was killed, or lost its files.

Invariant: only what is provably ours is touched: processes whose command line names our state folder or that
sit in our cgroup, mounts below our folder, devices with our names.
"""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from hack.cluster.console import say
from hack.cluster.embedded import cgroups, network, rules
from hack.cluster.embedded.components import COMPONENTS
from hack.cluster.embedded.ingress import HOST_FOLDERS
from hack.cluster.embedded.layout import Layout
from hack.cluster.mounts import mounts_below, unmount_below
from hack.cluster.process import Process, find_processes, is_alive, load_record, stop_processes

# Programs that a cluster consists of, or that act for one.
PROGRAMS = {
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubelet",
    "metrics-server",
    "nginx-ingress-controller",
    "runc",
    "unshare",
}
_SHIM_SOCKETS = Path("/run/containerd/s")
_CNI_RESULTS = Path("/var/lib/cni/results")
_LOG_LINKS = Path("/var/log/containers")
_DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins")
# Not below the state folder, which may get lost while the cluster runs; a reboot undoes both.
_HOST_FACTS = Path("/run/warmpool-cluster.json")
_ID = re.compile(r"[0-9a-f]{64}")
# Folders that the programs make outside the state folder whatever they are told; removed only when empty.
_FOREIGN = (
    *HOST_FOLDERS,
    _DEVICE_PLUGINS,
    _DEVICE_PLUGINS.parent,
    _CNI_RESULTS,
    Path("/var/lib/cni/cache"),
    Path("/var/lib/cni"),
    _LOG_LINKS,
    _SHIM_SOCKETS,
    Path("/run/containerd/io.containerd.runtime.v2.task"),
    Path("/run/containerd"),
)


def sweep(layout: Layout) -> None:
    """Take everything away; safe to run when nothing is there."""
    stop_everything(layout)
    unmount_below(layout.root)
    network.remove_devices()
    rules.remove_rules()
    _remove_foreign_files(layout)
    cgroups.remove_groups()
    _restore_host()
    if layout.root.exists():
        shutil.rmtree(layout.root, ignore_errors=True)


def stop_everything(layout: Layout) -> None:
    """End the components, newest first, then shims and containers, however they were started."""
    recorded = [load_record(layout.record(name)) for name in reversed(list(COMPONENTS))]
    for process in recorded:
        if process is not None and is_alive(process) and is_ours(process, layout):
            # Asking politely matters for etcd and containerd alone, and their data are about to go.
            stop_processes([process], grace=0)
    for _ in range(3):
        strays = stray_processes(layout)
        if not strays:
            return
        stop_processes(strays, grace=0)


def is_ours(process: Process, layout: Layout) -> bool:
    """Whether this is one of the cluster's programs, working below our state folder."""
    prefix = f"{layout.root}/"
    return process.program in PROGRAMS and any(prefix in word for word in process.argv[1:])


def stray_processes(layout: Layout) -> list[Process]:
    """Processes of the cluster that still run: components, shims and everything in a pod."""
    pids = cgroups.pids_in_groups()
    return find_processes(lambda process: is_ours(process, layout) or process.pid in pids)


def leftovers(layout: Layout) -> list[str]:
    """What of a cluster is still on this host; empty after `down`."""
    found = [f"process {process.pid} {process.program}" for process in stray_processes(layout)]
    found += [f"mount {point}" for point in mounts_below(layout.root)]
    found += [f"device {name}" for name in network.present_devices()]
    found += [f"file {path}" for path in _foreign_files(layout)]
    found += [f"cgroup {group}" for group in cgroups.present_groups()]
    count = rules.count_rules()
    found += [f"{count} packet filter rules"] if count else []
    found += [f"file {_HOST_FACTS}"] if _HOST_FACTS.exists() else []
    found += [f"folder {layout.root}"] if layout.root.exists() else []
    return found


def container_ids(layout: Layout) -> set[str]:
    """Ids of our containers, from whatever is left of them: bundles, cgroups, results of the pod network."""
    names = {path.name for path in (layout.containerd / "state").glob("io.containerd.runtime.v2.task/*/*")}
    names |= {path.name for group in cgroups.present_groups() for path in group.rglob("*") if path.is_dir()}
    names |= {path.name.split("-")[-2] for path in _network_results()}
    return {name for name in names if _ID.fullmatch(name)}


def shim_socket(layout: Layout, container: str) -> Path:
    """Where a shim listens: containerd names the file by a digest of its own socket, namespace and container."""
    words = f"{layout.socket}/k8s.io/{container}"
    return _SHIM_SOCKETS / hashlib.sha256(words.encode()).hexdigest()


def _network_results() -> list[Path]:
    return sorted(_CNI_RESULTS.glob(f"{network.POD_NETWORK}-*-eth0")) if _CNI_RESULTS.is_dir() else []


def _foreign_files(layout: Layout) -> list[Path]:
    found = _network_results()
    for container in sorted(container_ids(layout)):
        found += [shim_socket(layout, container), _CNI_RESULTS / f"cni-loopback-{container}-lo"]
    if _LOG_LINKS.is_dir():
        found += [path for path in sorted(_LOG_LINKS.iterdir()) if _links_below(path, layout.root)]
    return [path for path in found if os.path.lexists(path)]


def _links_below(path: Path, folder: Path) -> bool:
    return path.is_symlink() and path.readlink().is_relative_to(folder)


def _remove_foreign_files(layout: Layout) -> None:
    for path in _foreign_files(layout):
        path.unlink(missing_ok=True)
    if not find_processes(lambda process: process.program == "kubelet"):
        for name in ("kubelet.sock", "kubelet_internal_checkpoint", "DEPRECATION"):
            (_DEVICE_PLUGINS / name).unlink(missing_ok=True)
    for folder in _FOREIGN:
        _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return


def remember_host() -> None:
    """Write down what the cluster is about to change on the host; what an earlier one wrote stays true."""
    if not _HOST_FACTS.exists():
        _HOST_FACTS.write_text(json.dumps({"ip_forward": network.forwarding()}))


def _restore_host() -> None:
    try:
        facts = json.loads(_HOST_FACTS.read_text())
    except (OSError, ValueError):
        return
    say("restoring the host's settings")
    network.restore_forwarding(str(facts.get("ip_forward", "")))
    _HOST_FACTS.unlink()
