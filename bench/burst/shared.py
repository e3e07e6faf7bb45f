"""A machine that others use meanwhile: the cores go to the benchmark first, and its own use of them is told apart.

For the embedded cluster on cgroup v1, where pods are in one control group and the cluster's programs have records.
"""

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

from hack.cluster import ClusterError
from hack.cluster.embedded.configuration import CGROUP_ROOT
from hack.cluster.embedded.layout import Layout
from hack.cluster.paths import Paths

PROC = Path("/proc")
GROUPS = Path("/sys/fs/cgroup")
PODS_SHARES, OTHER_SHARES = 16_384, 65_536
"""1024 is what a session has. Client and cluster come before the pods: a late client makes a run void."""
TICKS = os.sysconf("SC_CLK_TCK")


class FirstInLine:
    """While it lasts, pods, cluster and this client come before everything else on the machine.

    By control groups and not by nice: the kernel's autogroups make nice count within a session only.
    """

    def __enter__(self) -> Self:
        pods = GROUPS / "cpu" / CGROUP_ROOT
        if not (pods / "cpu.shares").exists():
            raise ClusterError("--shared needs the embedded cluster, on cgroup v1")
        files = [pods / part / "cpu.shares" for part in ("", "kubepods", "kubepods/burstable")]
        self._shares = {file: file.read_text() for file in files}
        for file in files:
            file.write_text(str(PODS_SHARES))
        self._group = GROUPS / "cpu" / f"{CGROUP_ROOT.strip('/')}-bench"
        self._group.mkdir(exist_ok=True)
        (self._group / "cpu.shares").write_text(str(OTHER_SHARES))
        for pid in (os.getpid(), *cluster_pids()):
            _move(pid, self._group)
        return self

    def __exit__(self, *_: object) -> None:
        for file, shares in self._shares.items():
            file.write_text(shares)
        for pid in (self._group / "cgroup.procs").read_text().split():
            _move(int(pid), self._group.parent)
        self._group.rmdir()


class OwnCpu:
    """How much of all cores pods, cluster and this client used; `percent` is set when it ends."""

    def __enter__(self) -> Self:
        self.percent = 0.0
        self._begin = time.monotonic(), own_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.monotonic() - self._begin[0]
        self.percent = 100 * (own_seconds() - self._begin[1]) / (seconds * (os.cpu_count() or 1))


def own_seconds() -> float:
    """Return the CPU seconds of pods (those that are gone included), the cluster's programs, and this client."""
    pods = int((GROUPS / "cpuacct" / CGROUP_ROOT / "cpuacct.usage").read_text()) / 1e9
    return pods + sum(seconds_of(pid) for pid in cluster_pids()) + sum(os.times()[:4])


def cluster_pids() -> list[int]:
    """Return the cluster's programs and all that they have started outside of pods."""
    roots = [json.loads(file.read_text())["pid"] for file in _records()]
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    while roots:
        pid = roots.pop()
        found.append(pid)
        roots += children.get(pid, [])
    return found


def _records() -> Iterable[Path]:
    return Layout(Paths.from_environment().cluster).records.glob("*.json")


def seconds_of(pid: int) -> float:
    """Return user and system time of a process and of its children that have ended; 0 if it is gone."""
    fields = _stat(pid)
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS if fields else 0.0


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat after the name, which may hold spaces; empty when the process is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def _move(pid: int, group: Path) -> None:
    with suppress(OSError):  # it has ended meanwhile
        (group / "cgroup.procs").write_text(str(pid))
