"""Only what is ours is taken away."""

from pathlib import Path

import pytest

from hack.cluster.embedded.layout import Layout
from hack.cluster.embedded.rules import is_unused, split_tables, without_cluster
from hack.cluster.embedded.sweep import is_ours, shim_socket
from hack.cluster.mounts import mounts_below
from hack.cluster.process import Process

STATE = Path("/state/warmpool/cluster")

# Shaped as iptables-save prints it, with a user's own chain among the cluster's.
NAT = """\
*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:CNI-0123456789abcdef01234567 - [0:0]
:CNI-fedcba9876543210fedcba98 - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:MINE - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -p tcp -j MINE
-A PREROUTING -j CNI-HOSTPORT-DNAT
-A POSTROUTING -s 10.244.0.2/32 -m comment --comment "name: \\"warmpool-pods\\"" -j CNI-0123456789abcdef01234567
-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \\"podman\\"" -j CNI-fedcba9876543210fedcba98
-A CNI-0123456789abcdef01234567 -j MASQUERADE
-A CNI-fedcba9876543210fedcba98 -j MASQUERADE
-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-X
-A MINE -j RETURN
COMMIT""".splitlines()


def process(*argv: str) -> Process:
    return Process(pid=1, started=1, argv=argv)


@pytest.mark.parametrize(
    "ours",
    [
        process("/cache/bin/etcd", f"--data-dir={STATE}/etcd"),
        process("/usr/bin/containerd", "--config", f"{STATE}/config/containerd.toml"),
        process("/usr/bin/containerd-shim-runc-v2", "-address", f"{STATE}/containerd.sock"),
    ],
)
def test_a_component_is_recognized_without_its_record(ours: Process) -> None:
    assert is_ours(ours, Layout(STATE))


@pytest.mark.parametrize(
    "foreign",
    [
        process("/usr/bin/containerd"),
        process("/usr/bin/containerd", "--config", "/etc/containerd/config.toml"),
        process("/usr/bin/etcd", "--data-dir=/state/warmpool/cluster2/etcd"),
        process("/usr/bin/tail", "-f", f"{STATE}/logs/etcd.log"),
        process("/usr/bin/kubelet"),
    ],
)
def test_other_programs_are_not_ours(foreign: Process) -> None:
    assert not is_ours(foreign, Layout(STATE))


def test_rules_of_others_stay_as_they_are() -> None:
    kept = without_cluster(NAT)
    assert [
        line for line in kept if "KUBE-" in line or "0123456789abcdef" in line or "HOSTPORT" in line
    ] == []
    assert [line for line in NAT if "MINE" in line or "fedcba" in line or "*nat" in line] == [
        line for line in kept if "MINE" in line or "fedcba" in line or "*nat" in line
    ]
    assert not is_unused(kept)


def test_a_packet_filter_without_a_cluster_is_left_alone() -> None:
    lines = [line for line in NAT if "KUBE" not in line and "warmpool" not in line]
    assert without_cluster(lines) == lines


def test_a_table_that_only_the_cluster_used_is_unused_afterwards() -> None:
    assert is_unused(["# comment", "*nat", ":PREROUTING ACCEPT [0:0]", "COMMIT"])
    assert not is_unused(["*filter", ":INPUT DROP [0:0]", "COMMIT"])


def test_saved_tables_are_told_apart() -> None:
    saved = "# made by\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n# made by\n*nat\n-A X -j Y\nCOMMIT\n"
    assert split_tables(saved) == {
        "filter": ["*filter", ":INPUT ACCEPT [0:0]", "COMMIT"],
        "nat": ["*nat", "-A X -j Y", "COMMIT"],
    }
    assert split_tables("") == {}


def test_mounts_are_found_deepest_first(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(
        f"1 0 0:1 / / rw - ext4 /dev/vda rw\n"
        f"2 1 0:2 / {STATE}/a rw - tmpfs tmpfs rw\n"
        f"3 2 0:3 / {STATE}/a/with\\040space rw - tmpfs tmpfs rw\n"
        f"4 1 0:4 / {STATE}2/b rw - tmpfs tmpfs rw\n"
    )
    assert mounts_below(STATE, mountinfo=file) == [STATE / "a" / "with space", STATE / "a"]


def test_the_socket_of_a_shim_is_known_by_its_container() -> None:
    name = shim_socket(Layout(STATE), "ab" * 32).name
    assert len(name) == 64
    assert name != shim_socket(Layout(STATE), "cd" * 32).name
