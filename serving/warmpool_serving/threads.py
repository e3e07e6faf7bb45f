"""How many cores this process may use, as the kernel sees it.

A container on a 64-core node with a limit of two cores has 64 in ``os.cpu_count()``, and libraries
that size their pools by it spend their time being throttled.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from warmpool_serving import cgroup

_OWN_POOLS: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
_NO_TELEMETRY: Final = {
    # Since 1.29 onnxruntime on Linux tells its maker about process and model, microsoft/onnxruntime#27379.
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


@dataclass(frozen=True, slots=True)
class Cores:
    """Cores to use, and what said so: ``setting``, ``cgroup`` or ``affinity``."""

    count: int
    source: str


def cgroup_quota(root: Path = Path("/")) -> float | None:
    """Cores the cgroup's CPU quota allows, None without a quota.

    Reads cgroup v2 ``cpu.max`` and v1 ``cpu.cfs_quota_us / cpu.cfs_period_us`` of this process's
    group and of all its ancestors; the smallest counts. ``root`` stands in for ``/`` in tests.
    """
    quotas = [quota for folder in cgroup.folders("cpu", root) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def _quota(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").is_file():
            limit, period = (folder / "cpu.max").read_text(encoding="ascii").split()[:2]
            return None if limit == "max" else int(limit) / int(period)
        micros = int((folder / "cpu.cfs_quota_us").read_text(encoding="ascii"))
        return (
            micros / int((folder / "cpu.cfs_period_us").read_text(encoding="ascii")) if micros > 0 else None
        )
    except (OSError, ValueError, ZeroDivisionError):
        return None


def cores(setting: int = 0, *, root: Path = Path("/"), affinity: int | None = None) -> Cores:
    """Whole cores to use, at least one.

    A fraction is rounded down: a pool of two threads under a quota of 1.5 is throttled in every period.
    """
    if setting:
        return Cores(setting, "setting")
    allowed = affinity if affinity is not None else len(os.sched_getaffinity(0))
    quota = cgroup_quota(root)
    if quota is not None and quota < allowed:
        return Cores(max(1, int(quota)), "cgroup")
    return Cores(max(1, allowed), "affinity")


def quiet_libraries() -> None:
    """Keeps libraries from starting pools of their own; must run before they are imported."""
    for name, value in _OWN_POOLS.items():
        os.environ.setdefault(name, value)


def no_telemetry() -> None:
    """Keeps libraries from calling home; must run before they are imported."""
    for name, value in _NO_TELEMETRY.items():
        os.environ.setdefault(name, value)
