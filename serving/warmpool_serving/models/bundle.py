"""A model bundle on disk: what is in it, and whether it is whole.

A bundle is a folder with ``manifest.json`` (sizes, sha256, dimensions), the weights, the tokenizer
and ``golden.json`` (texts with the vectors the reference implementation gave). Nothing here
computes; only the standard library is imported.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "manifest.json"
GOLDEN: Final = "golden.json"
REFERENCE: Final = "reference.json"
FORMAT: Final = 1


class ModelError(Exception):
    """The model cannot be served; the message is for people and becomes the exit reason."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Size in bytes and sha256 (hex) of one file of the bundle."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself; ``dims`` floats per vector, ``max_tokens`` per text."""

    name: str
    engine: str
    dims: int
    max_tokens: int
    pooling: str
    normalized: bool
    precision: str
    files: Mapping[str, FileEntry]
    proof_cosine: float = 0.999
    revision: str = ""
    source: str = ""
    matryoshka: tuple[int, ...] = ()
    quality: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Golden:
    """A text and the vector (little-endian float32) the reference implementation gave for it."""

    text: str
    vector: bytes


def unreadable(path: Path, error: OSError) -> ModelError:
    """What to say of a file that is there and may not be read: most often it belongs to another user."""
    return ModelError(f"{path} cannot be read: {error.strerror}; the server runs as user {os.getuid()}")


def read_manifest(folder: Path) -> Manifest:
    """Reads ``manifest.json``.

    Raises:
        ModelError: the folder or the manifest is missing or cannot be used.
    """
    if not folder.is_dir():
        raise ModelError(f"no model: the folder {folder} does not exist")
    body = _read_json(folder / MANIFEST)
    if body.get("format") != FORMAT:
        raise ModelError(
            f"{MANIFEST}: format {body.get('format')!r} is not {FORMAT}; export the bundle again"
        )
    try:
        values = {name: body[name] for name in Manifest.__dataclass_fields__ if name in body}
        values["files"] = {name: FileEntry(**entry) for name, entry in body["files"].items()}
        values["matryoshka"] = tuple(body.get("matryoshka", ()))
        return Manifest(**values)
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{MANIFEST} is not usable: {error}") from None


def read_golden(folder: Path, name: str = GOLDEN) -> list[Golden]:
    """Reads texts and their reference vectors.

    Raises:
        ModelError: the file is missing or damaged.
    """
    body = _read_json(folder / name)
    try:
        return [
            Golden(item["text"], base64.b64decode(item["vector"], validate=True)) for item in body["golden"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{name} is not usable: {error}") from None


def write_golden(path: Path, golden: list[Golden]) -> None:
    """Writes what `read_golden` reads."""
    items = [{"text": item.text, "vector": base64.b64encode(item.vector).decode("ascii")} for item in golden]
    path.write_text(json.dumps({"golden": items}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Compares every file's size with the manifest.

    Raises:
        ModelError: the first file that is missing or has another size.
    """
    for name, entry in manifest.files.items():
        try:
            size = (folder / name).stat().st_size
        except OSError:
            raise ModelError(f"{name} is missing from {folder}") from None
        if size != entry.size:
            raise ModelError(f"{name} is corrupt: {size} bytes instead of {entry.size}")


def check_hashes(folder: Path, manifest: Manifest) -> None:
    """Compares every file's sha256 with the manifest; largest first.

    About 0.15 s for 90 MB with SHA instructions; hashing releases the GIL and brings the weights
    into the page cache, so it runs beside the imports.

    Raises:
        ModelError: the first file whose content differs.
    """
    for name, entry in sorted(manifest.files.items(), key=lambda item: -item[1].size):
        if file_sha256(folder / name) != entry.sha256:
            raise ModelError(f"{name} is corrupt: its sha256 is not the one in {MANIFEST}")


def file_sha256(path: Path) -> str:
    """Sha256 of a file, in hex.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}") from None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path.name} is missing from {path.parent}") from None
    except OSError as error:
        raise unreadable(path, error) from None
    except ValueError as error:
        raise ModelError(f"{path.name} is not usable: {error}") from None
    if not isinstance(body, dict):
        raise ModelError(f"{path.name} is not usable: not a JSON object")
    return body
