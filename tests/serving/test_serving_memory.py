"""The peak of memory that a pod tells: what a limit must hold, and not what the kernel would give back."""

import subprocess
import sys
from pathlib import Path

import pytest

from warmpool_serving import memory

MEBI = 1 << 20
RESIDENT = "Name:\tpython\nVmPeak:\t  900000 kB\nVmHWM:\t   40960 kB\nVmRSS:\t   30000 kB\n"
V2, V1 = "0::/\n", "9:cpu:/kubepods/pod1\n4:memory:/kubepods/pod1/abc\n0::/\n"


def kernel(root: Path, *, groups: str = V2, status: str = RESIDENT, **files: int | str) -> Path:
    """A root with what the kernel tells; `files` are below the mount point of the groups, `__` for `/`."""
    told = {"proc/self/cgroup": groups, "proc/self/status": status}
    told |= {f"sys/fs/cgroup/{name.replace('__', '/')}": f"{value}\n" for name, value in files.items()}
    for name, value in told.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(value, encoding="ascii")
    return root


@pytest.mark.parametrize(("group", "expected"), [(30 * MEBI, 30 * MEBI), (90 * MEBI, 40 * MEBI)])
def test_the_smaller_of_group_and_process_counts(tmp_path: Path, group: int, expected: int) -> None:
    root = kernel(tmp_path, **{"memory.peak": group})
    assert memory.peak(root) == expected


def test_v1_of_a_container_is_mounted_at_the_mount_point(tmp_path: Path) -> None:
    root = kernel(tmp_path, groups=V1, **{"memory__memory.max_usage_in_bytes": 20 * MEBI})
    assert memory.peak(root) == 20 * MEBI


def test_the_own_group_counts_before_its_ancestors(tmp_path: Path) -> None:
    files = {"pod__memory.peak": 10 * MEBI, "memory.peak": 39 * MEBI}
    assert memory.peak(kernel(tmp_path, groups="0::/pod\n", **files)) == 10 * MEBI


def test_without_groups_the_process_counts(tmp_path: Path) -> None:
    assert memory.peak(kernel(tmp_path)) == 40 * MEBI


@pytest.mark.parametrize("told", ["max", ""])
def test_what_is_no_number_is_not_told(tmp_path: Path, told: str) -> None:
    assert memory.peak(kernel(tmp_path, status="Name: x\n", **{"memory.peak": told})) is None


def test_a_kernel_that_tells_nothing_is_no_zero(tmp_path: Path) -> None:
    assert memory.peak(tmp_path) is None


def test_a_real_process_grows_by_what_it_holds() -> None:
    code = "from warmpool_serving.memory import peak; a = peak(); held = b'1' * (64 << 20); print(peak() - a)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    # The kernel counts in batches of pages.
    assert int(told) == pytest.approx(64 * MEBI, rel=0.1)
