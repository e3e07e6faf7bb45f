"""Mount points below a folder."""

import time
from pathlib import Path

from hack.cluster.commands import run


def mounts_below(folder: Path, *, mountinfo: Path = Path("/proc/self/mountinfo")) -> list[Path]:
    """Mount points below a folder, deepest first."""
    found = []
    for line in mountinfo.read_text().splitlines():
        # The kernel writes space, tab, newline and backslash in octal.
        point = Path(line.split()[4].encode().decode("unicode_escape"))
        if point != folder and point.is_relative_to(folder):
            found.append(point)
    return sorted(found, key=lambda path: len(path.parts), reverse=True)


def unmount_below(folder: Path) -> None:
    """Unmount everything below a folder, even when something still uses it."""
    for _ in range(3):
        points = mounts_below(folder)
        if not points:
            return
        for point in points:
            run(["umount", "--lazy", point], check=False)
        time.sleep(0.1)
