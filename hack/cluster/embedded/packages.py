"""The distribution's packages that the embedded cluster needs, installed when they are missing."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from hack.cluster.backend import ClusterError
from hack.cluster.commands import run
from hack.cluster.console import step

# A file or program that shows that a package is there, so that nothing is asked of apt in the usual case.
RUNTIME_PACKAGES = {
    "containerd": "/usr/bin/containerd",
    "runc": "/usr/sbin/runc",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "iptables": "/usr/sbin/iptables-save",
    "nftables": "/usr/sbin/nft",
    "iproute2": "/usr/sbin/ip",
    "conntrack": "/usr/sbin/conntrack",
    "socat": "/usr/bin/socat",
    "ethtool": "/usr/sbin/ethtool",
    "kmod": "/usr/sbin/modprobe",
}
BUILD_PACKAGES = {
    "buildah": "/usr/bin/buildah",
    "debootstrap": "/usr/sbin/debootstrap",
    "skopeo": "/usr/bin/skopeo",
}


def missing(packages: dict[str, str]) -> Sequence[str]:
    """Names of packages whose file is not there."""
    return [name for name, file in packages.items() if not Path(file).exists()]


def ensure_packages(packages: dict[str, str]) -> None:
    """Install what is missing with apt.

    Raises:
        ClusterError: Not root, or no apt: says what to install by hand.
    """
    names = missing(packages)
    if not names:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ClusterError(f"please install: {' '.join(names)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"installing {' '.join(names)}"):
        run(["apt-get", "update", "-q"], env=env, timeout=600)
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *names]
        run(install, env=env, timeout=900)
