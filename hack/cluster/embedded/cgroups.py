"""The control groups of the pods: one group of our own in every hierarchy, on cgroup v1 and v2."""

import time
from pathlib import Path

from hack.cluster.embedded.configuration import CGROUP_ROOT

_CGROUPS = Path("/sys/fs/cgroup")


def _hierarchies() -> list[Path]:
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    return sorted(path for path in _CGROUPS.iterdir() if path.is_dir() and (path / "cgroup.procs").exists())


def present_groups() -> list[Path]:
    """Our groups that exist."""
    return [path / CGROUP_ROOT for path in _hierarchies() if (path / CGROUP_ROOT).is_dir()]


def create_groups() -> None:
    """Make our group in every hierarchy; the kubelet wants its root to exist."""
    for hierarchy in _hierarchies():
        group = hierarchy / CGROUP_ROOT
        group.mkdir(exist_ok=True)
        if hierarchy.name == "cpuset":
            # A new cpuset is empty on cgroup v1, and nothing can run in it.
            for name in ("cpuset.cpus", "cpuset.mems"):
                (group / name).write_text((hierarchy / name).read_text())


def pids_in_groups() -> set[int]:
    """Processes of all pods."""
    pids: set[int] = set()
    for group in present_groups():
        for file in group.rglob("cgroup.procs"):
            try:
                pids.update(int(line) for line in file.read_text().split())
            except OSError:
                # Removed meanwhile, or a threaded group on v2, whose processes its parent lists.
                continue
    pids.discard(0)
    return pids


def remove_groups(timeout: float = 5.0) -> list[Path]:
    """Remove our groups, deepest first; the kernel frees a group a moment after its last process.

    Returns:
        Groups that could not be removed within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        for group in present_groups():
            folders = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
            for folder in [*folders, group]:
                try:
                    folder.rmdir()
                except OSError:
                    continue
        left = present_groups()
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)
