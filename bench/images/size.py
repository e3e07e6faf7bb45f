"""How large an image is: on the disk of a node, and as it comes from a registry."""

import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

_GZIP: Final = 16 + zlib.MAX_WBITS
_CHUNK: Final = 4 << 20
_MIB: Final = 1 << 20


@dataclass(frozen=True)
class Size:
    """MiB of the layers as they are unpacked, as gzip makes them for a registry (level 6), and their number."""

    image_mib: float
    compressed_mib: float
    layers: int


def measure(archive: Path) -> Size:
    """Read an OCI archive whose layers are plain or compressed."""
    plain = packed = count = 0
    with tarfile.open(archive) as tar:
        for layer in _layers(tar):
            unpacked, compressed = _weigh(_open(tar, f"blobs/sha256/{layer}"))
            plain, packed, count = plain + unpacked, packed + compressed, count + 1
    return Size(plain / _MIB, packed / _MIB, count)


def _layers(tar: tarfile.TarFile) -> list[str]:
    index = _json(tar, "index.json")
    manifest = _json(tar, "blobs/sha256/" + index["manifests"][0]["digest"].removeprefix("sha256:"))
    return [layer["digest"].removeprefix("sha256:") for layer in manifest["layers"]]


def _json(tar: tarfile.TarFile, name: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.load(_open(tar, name))
    return document


def _open(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    if (stream := tar.extractfile(name)) is None:
        raise ValueError(f"{name} is no file of the archive")
    return stream


def _weigh(stream: IO[bytes]) -> tuple[int, int]:
    """Return a layer's bytes unpacked and compressed, whichever of them it is."""
    first = stream.read(_CHUNK)
    packer = zlib.compressobj(6, wbits=_GZIP)
    unpacker = zlib.decompressobj(_GZIP) if first[:2] == b"\x1f\x8b" else None
    plain = packed = 0
    while first:
        content = unpacker.decompress(first) if unpacker else first
        plain += len(content)
        packed += len(first) if unpacker else len(packer.compress(content))
        first = stream.read(_CHUNK)
    return plain, packed + (0 if unpacker else len(packer.flush()))
