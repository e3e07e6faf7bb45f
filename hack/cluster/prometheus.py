"""Prometheus and promtool: those on PATH, else Debian's, unpacked into the cache and not installed.

Installing the package would start a server and add a user to the machine; two binaries are all that is needed.
"""

import os
import shutil
import tempfile
from pathlib import Path

from hack.cluster.backend import ClusterError
from hack.cluster.commands import run
from hack.cluster.console import step

PACKAGE = "prometheus"
PROGRAMS = ("prometheus", "promtool")


def find_prometheus(cache: Path) -> Path:
    """Return a folder that holds `prometheus` and `promtool`.

    Raises:
        ClusterError: neither is on PATH, and there is no apt to fetch them with.
    """
    found = shutil.which("promtool")
    if found is not None and shutil.which("prometheus") is not None:
        return Path(found).parent
    folder = cache / PACKAGE
    if not all((folder / name).exists() for name in PROGRAMS):
        _unpack(folder)
    return folder


def _unpack(folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ClusterError("please install prometheus and promtool, and put them on PATH")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with step(f"fetching {PACKAGE}"), tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        if os.geteuid() == 0:
            run(["apt-get", "update", "-q"], timeout=600)
        run(["sh", "-c", 'cd "$0" && apt-get download -q "$1"', scratch, PACKAGE], timeout=600)
        (archive,) = Path(scratch).glob("*.deb")
        run(["dpkg-deb", "-x", str(archive), f"{scratch}/root"], timeout=120)
        # One rename, so that an interrupted run leaves nothing that looks complete.
        shutil.rmtree(folder, ignore_errors=True)
        (Path(scratch) / "root/usr/bin").rename(folder)
