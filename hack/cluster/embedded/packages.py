"""The distribution's packages that the embedded cluster needs, installed when they are missing."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
# nginx and what the Lua code of ingress-nginx needs in it.
INGRESS_PACKAGES = {
    "nginx": "/usr/sbin/nginx",
    "libnginx-mod-http-ndk": "/usr/lib/nginx/modules/ndk_http_module.so",
    "libnginx-mod-http-lua": "/usr/lib/nginx/modules/ngx_http_lua_module.so",
    "libnginx-mod-http-headers-more-filter": "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so",
    "libnginx-mod-http-set-misc": "/usr/lib/nginx/modules/ngx_http_set_misc_module.so",
    "libnginx-mod-stream": "/usr/lib/nginx/modules/ngx_stream_module.so",
    "lua-cjson": "/usr/share/lua/5.1/cjson/util.lua",
    "lua-resty-core": "/usr/share/lua/5.1/resty/core.lua",
    "lua-resty-lrucache": "/usr/share/lua/5.1/resty/lrucache.lua",
    "lua-nginx-cookie": "/usr/share/lua/5.1/nginx/cookie.lua",
    "lua-nginx-dns": "/usr/share/lua/5.1/nginx/dns/resolver.lua",
}
_POLICY = Path("/usr/sbin/policy-rc.d")
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
    with step(f"installing {' '.join(names)}"), _services_stay_off():
        run(["apt-get", "update", "-q"], env=env, timeout=600)
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *names]
        run(install, env=env, timeout=900)


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Keep Debian's packages from starting what they bring, such as an nginx on port 80.

    invoke-rc.d asks this file, and 101 says no. One that is there already is the host's own choice.
    """
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
