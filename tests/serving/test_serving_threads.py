import os
from pathlib import Path

import pytest

from warmpool_serving.threads import Cores, cgroup_quota, cores, no_telemetry


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="ascii")
    return root


def _v2(root: Path, limit: str, *, group: str = "/") -> Path:
    return _write(
        root, {"proc/self/cgroup": f"0::{group}\n", f"sys/fs/cgroup{group.rstrip('/')}/cpu.max": limit}
    )


def _v1(root: Path, quota: int, *, group: str = "/kubepods/pod1") -> Path:
    files = {
        "proc/self/cgroup": f"12:memory:{group}\n4:cpu,cpuacct:{group}\n",
        f"sys/fs/cgroup/cpu,cpuacct{group}/cpu.cfs_quota_us": f"{quota}\n",
        f"sys/fs/cgroup/cpu,cpuacct{group}/cpu.cfs_period_us": "100000\n",
    }
    return _write(root, files)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("200000 100000\n", Cores(2, "cgroup")),
        ("150000 100000\n", Cores(1, "cgroup")),
        ("50000 100000\n", Cores(1, "cgroup")),
        ("max 100000\n", Cores(8, "affinity")),
        ("1600000 100000\n", Cores(8, "affinity")),
        ("nonsense\n", Cores(8, "affinity")),
    ],
)
def test_cgroup_v2(tmp_path: Path, limit: str, expected: Cores) -> None:
    assert cores(root=_v2(tmp_path, limit), affinity=8) == expected


@pytest.mark.parametrize(("quota", "expected"), [(300_000, Cores(3, "cgroup")), (-1, Cores(8, "affinity"))])
def test_cgroup_v1(tmp_path: Path, quota: int, expected: Cores) -> None:
    assert cores(root=_v1(tmp_path, quota), affinity=8) == expected


def test_v1_of_a_container_is_mounted_at_the_mount_point(tmp_path: Path) -> None:
    root = _v1(tmp_path, 400_000, group="")
    (root / "proc/self/cgroup").write_text("4:cpu,cpuacct:/kubepods/pod1/abc\n", encoding="ascii")
    assert cgroup_quota(root) == 4.0


def test_the_tightest_ancestor_counts(tmp_path: Path) -> None:
    root = _v2(tmp_path, "max 100000\n", group="/pod/container")
    _write(root, {"sys/fs/cgroup/pod/cpu.max": "250000 100000\n"})
    assert cgroup_quota(root) == 2.5


def test_the_setting_beats_both(tmp_path: Path) -> None:
    assert cores(5, root=_v2(tmp_path, "100000 100000\n"), affinity=8) == Cores(5, "setting")


def test_without_cgroups_affinity_counts(tmp_path: Path) -> None:
    assert cores(root=tmp_path, affinity=3) == Cores(3, "affinity")


def test_libraries_do_not_call_home_unless_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "0")
    no_telemetry()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "0"
