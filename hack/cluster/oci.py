"""A folder in the OCI image layout that several images share, and archives made from it.

Invariant: a layer lies in the folder once, whichever images use it, and goes when no image uses it.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Set
from pathlib import Path
from typing import Any

_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"


def reference(name: str) -> str:
    """What an image is called within the layout, where a full name's characters are not allowed."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def write_archive(layout: Path, archive: Path, *, name: str, present: Set[str]) -> None:
    """Pack one image of a layout for `ctr images import`, less the blobs that the receiver has.

    Args:
        layout: The folder.
        archive: File to write.
        name: Full name of the image; it was pushed under `reference(name)`.
        present: Digests that may be left out.
    """
    entry = _entries(layout)[reference(name)]
    entry["annotations"] = {_CONTAINERD_NAME: name, _NAME: name}
    index = {"schemaVersion": 2, "manifests": [entry]}
    with tarfile.open(archive, "w") as target:
        for file_name, document in (("oci-layout", {"imageLayoutVersion": "1.0.0"}), ("index.json", index)):
            content = json.dumps(document).encode()
            member = tarfile.TarInfo(file_name)
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
        for digest in _blobs_of(layout, entry):
            if digest not in present:
                target.add(_blob(layout, digest), arcname=str(_blob(Path(), digest)))


def prune(layout: Path) -> None:
    """Delete blobs that no image of the layout refers to: those of images that were built anew."""
    used = {digest for entry in _entries(layout).values() for digest in _blobs_of(layout, entry)}
    for path in (layout / "blobs" / "sha256").iterdir():
        if f"sha256:{path.name}" not in used:
            path.unlink()


def _entries(layout: Path) -> dict[str, dict[str, Any]]:
    index = json.loads((layout / "index.json").read_text())
    return {entry["annotations"][_NAME]: entry for entry in index["manifests"] if entry.get("annotations")}


def _blobs_of(layout: Path, entry: dict[str, Any]) -> list[str]:
    manifest = json.loads(_blob(layout, entry["digest"]).read_text())
    layers = [layer["digest"] for layer in manifest["layers"]]
    return list(dict.fromkeys([entry["digest"], manifest["config"]["digest"], *layers]))


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
