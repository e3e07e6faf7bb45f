"""Write a container image of one layer from a folder, without any tool for images."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Sequence
from pathlib import Path


def write_single_layer_image(folder: Path, archive: Path, *, tag: str, entrypoint: Sequence[str]) -> None:
    """Write an archive in the format of `docker save`.

    Args:
        folder: Root file system of the image.
        archive: File to write.
        tag: Full name of the image.
        entrypoint: What a container of it runs.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        layer.add(folder, arcname=".", filter=_owned_by_root)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    config = json.dumps(
        {
            "architecture": {"aarch64": "arm64"}.get(platform.machine(), "amd64"),
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    name = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": f"{name}.json", "RepoTags": [tag], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(archive, "w") as target:
        for path, data in (
            (f"{name}.json", config),
            (f"{digest}/layer.tar", content),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            target.addfile(entry, io.BytesIO(data))


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = 0
    return entry
