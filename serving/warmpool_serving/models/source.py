"""Where a model is fetched from: what files it has, and a range of bytes of one.

A source knows sizes and digests before a byte of weights is read, so that a disk too small is refused first and
a corrupt object is named at the end.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from warmpool_serving.models.bundle import ModelError


class FetchError(ModelError):
    """The model cannot be fetched; the message is for people and holds no secret."""


@dataclass(frozen=True, slots=True)
class Digest:
    """Checksum in hex; ``algorithm`` is ``sha256``, or ``git`` for sha1 over git's blob header and the content."""

    algorithm: str
    value: str

    def matches(self, path: Path) -> bool:
        """Whether a file has this checksum."""
        with path.open("rb") as stream:
            if self.algorithm == "sha256":
                return hashlib.file_digest(stream, "sha256").hexdigest() == self.value
            header = b"blob %d\0" % path.stat().st_size
            git = hashlib.file_digest(stream, lambda: hashlib.sha1(header, usedforsecurity=False))
            return git.hexdigest() == self.value


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file: its path below the model's folder, bytes, checksum."""

    name: str
    size: int
    digest: Digest


class Source(Protocol):
    """A place that holds one model."""

    def files(self) -> Sequence[RemoteFile]:
        """What the model consists of.

        Raises:
            FetchError: the source cannot be reached, refuses, or holds no model.
        """

    def read(self, name: str, start: int, length: int) -> memoryview:
        """``length`` bytes of a file from ``start`` on, fewer where it ends; called from several threads.

        Raises:
            FetchError: the file is not there or cannot be read.
        """


def safe_name(name: str) -> str:
    """The name, if it stays below the folder it is joined to.

    Raises:
        FetchError: it does not.
    """
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise FetchError(f"the model lists a file {name!r}, which is not a path below its folder")
    return name
