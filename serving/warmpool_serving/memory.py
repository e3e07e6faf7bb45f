"""The most memory that this process has used, for those who set its limit."""

import re
from pathlib import Path
from typing import Final

from warmpool_serving import cgroup

_GROUP_FILES: Final = ("memory.peak", "memory.max_usage_in_bytes")
"""Of cgroup v2 (Linux 5.19) and v1."""
_RESIDENT: Final = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)


def peak(root: Path = Path("/")) -> int | None:
    """Bytes used at most so far, None where the kernel does not tell.

    The smaller of two peaks. The control group's also counts files that were only read, which the
    kernel takes back when memory is short; the process's (proc_pid_status(5)) also counts pages of
    mapped files that another pod on the node pays for. A limit has to hold neither.
    """
    told = (_group_peak(root), _resident_peak(root))
    return min((each for each in told if each is not None), default=None)


def _group_peak(root: Path) -> int | None:
    for folder in cgroup.folders("memory", root):
        for name in _GROUP_FILES:
            try:
                return int((folder / name).read_text(encoding="ascii"))
            except (OSError, ValueError):
                continue
    return None


def _resident_peak(root: Path) -> int | None:
    try:
        found = _RESIDENT.search((root / "proc/self/status").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return int(found[1]) << 10 if found else None
