"""What a build needs to reach package registries from a host that intercepts TLS.

Invariant: these files are mounted while an image is built and are never part of it.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
_CERTIFICATES = Path("/etc/ssl/certs")
_PIP = Path("/etc/pip.conf")
# uv trusts a list of its own unless it is told to use the system's.
_UV = Path("/etc/uv/uv.toml")
_UV_SETTINGS = "native-tls = true\n"


def build_mounts(folder: Path, environ: Mapping[str, str] | None = None) -> Sequence[str]:
    """Volumes for `buildah bud`; none of certificates where the host's own programs are told nothing of them.

    Args:
        folder: Where a settings file for uv may be written.
        environ: Defaults to the process's environment.
    """
    env = os.environ if environ is None else environ
    mounts = []
    if any(env.get(name) for name in _VARIABLES) and _CERTIFICATES.is_dir():
        settings = folder / _UV.name
        settings.write_text(_UV_SETTINGS)
        mounts += [_read_only(_CERTIFICATES, _CERTIFICATES), _read_only(settings, _UV)]
    if _PIP.is_file():
        mounts.append(_read_only(_PIP, _PIP))
    return mounts


def _read_only(source: Path, target: Path) -> str:
    return f"{source}:{target}:ro"
