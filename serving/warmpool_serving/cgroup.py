"""Where the kernel keeps what it tells of this process's control group, in cgroup v1 and v2."""

from pathlib import Path


def folders(controller: str, root: Path = Path("/")) -> list[Path]:
    """Folders that may describe the group, its own before its ancestors'; not all of them exist.

    In a container the group's own folder is often mounted at the mount point itself, while
    /proc/self/cgroup still names the path on the host: every level is listed. ``root`` stands in
    for ``/`` in tests.
    """
    return [folder for mount, path in _groups(controller, root) for folder in _upwards(mount, path)]


def _groups(controller: str, root: Path) -> list[tuple[Path, str]]:
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    groups = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            groups.append((root / "sys/fs/cgroup", path))
        elif controller in controllers.split(","):
            groups.append((root / "sys/fs/cgroup" / controllers, path))
            groups.append((root / "sys/fs/cgroup" / controller, path))
    return groups


def _upwards(mount: Path, path: str) -> list[Path]:
    parts = [part for part in path.split("/") if part not in ("", "..")]
    return [mount.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1)]
