"""Hurt the embedded cluster in every way that has happened, and measure how it recovers.

It takes the place of a running embedded cluster, so it is a command of its own and no test of the suite.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from hack.cluster.backend import ClusterError
from hack.cluster.commands import run
from hack.cluster.console import say
from hack.cluster.embedded.backend import EmbeddedBackend
from hack.cluster.embedded.configuration import PAUSE_IMAGE
from hack.cluster.embedded.layout import Layout
from hack.cluster.embedded.sweep import PROGRAMS, leftovers, stray_processes
from hack.cluster.kubectl import Kubectl
from hack.cluster.paths import Paths
from hack.cluster.process import find_processes, load_record, stop_processes
from hack.cluster.waiting import wait_for

_OUTSIDE = ("/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods")
_POD_TIMEOUT_SECONDS = 60.0


def selftest(paths: Paths) -> Mapping[str, float]:
    """Boot, hurt and remove the cluster.

    Returns:
        Figures, the unit in each name.

    Raises:
        ClusterError: It did not recover, or left something behind.
    """
    backend = EmbeddedBackend(paths)
    layout = Layout(paths.cluster)
    backend.build()
    backend.down()
    before = host_traces()
    figures = {"boot_seconds": _boot(backend), "up_again_seconds": _timed(backend.up)}
    for name, hurt in _INJURIES.items():
        say(f"injury: {name.replace('_', ' ')}")
        hurt(layout)
        figures[f"boot_after_{name}_seconds"] = _boot(backend)
    figures["down_seconds"] = _timed(backend.down)
    _require_nothing_left(before)
    _boot(backend)
    say("injury: everything killed, then down instead of up")
    _kill_everything(layout)
    figures["down_after_kill_seconds"] = _timed(backend.down)
    _require_nothing_left(before)
    figures["leftovers_count"] = float(len(leftovers(layout)))
    return figures


def host_traces() -> set[str]:
    """What clusters leave on a host, ours or not; equal before and after when nothing was left."""
    traces = {f"device {path.name}" for path in Path("/sys/class/net").iterdir()}
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    traces |= {f"mount {line.split()[4]}" for line in mounts}
    cgroups = Path("/sys/fs/cgroup")
    traces |= {
        f"cgroup {path}" for pattern in ("*", "*/*") for path in cgroups.glob(pattern) if path.is_dir()
    }
    for folder in map(Path, _OUTSIDE):
        traces |= {f"file {path}" for path in [folder, *folder.rglob("*")] if path.exists()}
    for family in ("iptables-save", "ip6tables-save"):
        rules = run([family], check=False).stdout.splitlines()
        traces |= {f"{family} {line.partition(' [')[0]}" for line in rules if not line.startswith("#")}
    traces |= {f"process {p.pid} {p.program}" for p in find_processes(lambda p: p.program in PROGRAMS)}
    traces |= {f"ip_forward {Path('/proc/sys/net/ipv4/ip_forward').read_text().strip()}"}
    return traces


def _boot(backend: EmbeddedBackend) -> float:
    seconds = _timed(backend.up)
    kubectl = Kubectl(backend)
    container = {"name": "pause", "image": PAUSE_IMAGE, "imagePullPolicy": "Never"}
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "probe"},
            "spec": {"containers": [container]},
        }
    )
    begin = time.monotonic()
    wait_for(
        "a running pod",
        lambda: kubectl.get("pod", "probe")["status"]["phase"] == "Running",
        timeout=_POD_TIMEOUT_SECONDS,
    )
    say(f"up in {seconds:.1f} s; a pod runs {time.monotonic() - begin:.1f} s later")
    return seconds


def _timed(action: Callable[[], None]) -> float:
    begin = time.monotonic()
    action()
    return round(time.monotonic() - begin, 2)


def _require_nothing_left(before: set[str]) -> None:
    if left := sorted(host_traces() - before):
        raise ClusterError("left behind: " + ", ".join(left))


def _kill_everything(layout: Layout) -> None:
    stop_processes(stray_processes(layout), grace=0)


def _kill_two(layout: Layout) -> None:
    recorded = [load_record(layout.record(name)) for name in ("kubelet", "apiserver")]
    stop_processes([process for process in recorded if process], grace=0)


def _lose_the_state(layout: Layout) -> None:
    shutil.rmtree(layout.root, ignore_errors=True)


def _kill_and_lose_the_state(layout: Layout) -> None:
    _kill_everything(layout)
    shutil.rmtree(layout.root, ignore_errors=True)


def _lose_the_records(layout: Layout) -> None:
    shutil.rmtree(layout.records)
    (layout.pki / "ca.crt").write_text("damaged")


_INJURIES: Mapping[str, Callable[[Layout], None]] = {
    "kill": _kill_everything,
    "partial_kill": _kill_two,
    "lost_records": _lose_the_records,
    "lost_state": _lose_the_state,
    "kill_and_lost_state": _kill_and_lose_the_state,
}
