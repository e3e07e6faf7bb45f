"""Fetches the files of a source into a folder: in parallel ranges, resumed, verified, moved there once whole.

Invariants: the folder appears with one rename after every file's checksum was right; what a killed process
wrote counts for the next one, in parts of 8 MiB; a file whose checksum is wrong is removed, so the next try gets
it anew.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from warmpool_serving.models.source import FetchError, RemoteFile, Source

PART_BYTES: Final = 8 << 20
"""What a kill can cost per connection; large enough that a request's round trip is small beside it."""
CONNECTIONS: Final = 8
"""One S3 connection gives about 90 MB/s; eight fill a 5 Gbit/s interface and hold 64 MiB of memory."""
_REPORT_SECONDS: Final = 2.0
_DONE: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes: of the model, there by now, and those of them that an earlier process left."""

    total: int
    done: int
    kept: int


@dataclass(frozen=True, slots=True)
class _Part:
    file: RemoteFile
    number: int

    @property
    def start(self) -> int:
        return self.number * PART_BYTES

    @property
    def length(self) -> int:
        return min(PART_BYTES, self.file.size - self.start)


def is_there(target: Path) -> bool:
    """Whether a model was put into ``target``.

    An empty folder is none: the kubelet makes one for a pod that mounts a sub-path before it exists.
    """
    return target.is_dir() and any(target.iterdir())


def free_bytes(folder: Path) -> int:
    """Bytes that an unprivileged process may still write to the folder's volume."""
    volume = os.statvfs(folder)
    return volume.f_bavail * volume.f_frsize


def download(
    source: Source,
    target: Path,
    *,
    size_limit: int | None = None,
    free: Callable[[Path], int] = free_bytes,
    report: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Makes ``target`` hold the source's model.

    Args:
        source: where from.
        target: folder that does not exist or is empty; its parent exists.
        size_limit: bytes that the volume is promised to hold, where the volume itself does not tell.
        free: bytes left on a volume.
        report: called every two seconds.

    Raises:
        FetchError: it does not fit, cannot be read, or is corrupt (with the name of the file).
    """
    files = source.files()
    if not files:
        raise FetchError("the source holds no file of a model")
    with _alone(target):
        if is_there(target):  # another process has fetched it meanwhile
            total = sum(file.size for file in files)
            return Progress(total, total, total)
        return _download(source, files, target, size_limit=size_limit, free=free, report=report)


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keeps other processes from the same target, on a volume that several pods share; the lock ends with us."""
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise FetchError(f"{target.parent} cannot be locked: {error.strerror}") from None
        yield


def _download(
    source: Source,
    files: Sequence[RemoteFile],
    target: Path,
    *,
    size_limit: int | None,
    free: Callable[[Path], int],
    report: Callable[[Progress], None],
) -> Progress:
    staging = _Staging(target, files)
    missing = staging.missing()
    left = sum(part.length for part in missing)
    total = sum(file.size for file in files)
    _check_space(total, left, free(target.parent), size_limit, target.parent)
    kept = total - left
    done = kept
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="fetch") as pool:
        pending: set[Future[int]] = {pool.submit(staging.fetch, source, part) for part in missing}
        try:
            while pending:
                finished, pending = wait(pending, timeout=_REPORT_SECONDS, return_when=FIRST_COMPLETED)
                done += sum(future.result() for future in finished)
                report(Progress(total, done, kept))
            staging.verify(pool)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    staging.publish()
    return Progress(total, done, kept)


def _check_space(total: int, left: int, free: int, size_limit: int | None, folder: Path) -> None:
    if size_limit is not None and total > size_limit:
        raise FetchError(
            f"the model has {megabytes(total)} and model.fetch.sizeLimit allows {megabytes(size_limit)}; raise it"
        )
    if left > free:
        raise FetchError(
            f"{megabytes(left)} are to be fetched and {folder} has {megabytes(free)} left;"
            " nothing was written"
        )


def megabytes(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / 1e6:.1f} MB"


class _Staging:
    """The folder beside the target, with a byte per part that is there."""

    def __init__(self, target: Path, files: Sequence[RemoteFile]) -> None:
        self._target, self._files = target, files
        self._folder = target.with_name(f".{target.name}.partial")
        self._journals = target.with_name(f".{target.name}.parts")
        self._prepare()

    def _prepare(self) -> None:
        """Begins anew where what is there belongs to another version of the model."""
        plan = hashlib.sha256(repr(sorted(map(repr, self._files))).encode()).hexdigest()
        note = self._journals / "plan"
        if not note.is_file() or note.read_text(encoding="ascii") != plan:
            shutil.rmtree(self._folder, ignore_errors=True)
            shutil.rmtree(self._journals, ignore_errors=True)
            self._journals.mkdir()
            note.write_text(plan, encoding="ascii")
        for file in self._files:
            path = self._folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as stream:
                stream.truncate(file.size)
            self._journal(file).touch()

    def _journal(self, file: RemoteFile) -> Path:
        return self._journals / (hashlib.sha256(file.name.encode()).hexdigest()[:32] + ".journal")

    def missing(self) -> list[_Part]:
        """Parts to fetch, the largest files first."""
        parts = []
        for file in sorted(self._files, key=lambda file: -file.size):
            there = self._journal(file).read_bytes()
            count = -(-file.size // PART_BYTES)
            parts += [_Part(file, n) for n in range(count) if there[n : n + 1] != _DONE]
        return parts

    def fetch(self, source: Source, part: _Part) -> int:
        """Fetches one part and notes it; returns its bytes."""
        content = source.read(part.file.name, part.start, part.length)
        if len(content) != part.length:
            raise FetchError(
                f"{part.file.name} is corrupt: it ends after {part.start + len(content)} bytes of {part.file.size}"
            )
        try:
            _write(self._folder / part.file.name, content, part.start)
            _write(self._journal(part.file), memoryview(_DONE), part.number)
        except OSError as error:
            raise FetchError(f"{part.file.name} cannot be written: {error.strerror}") from None
        return part.length

    def verify(self, pool: ThreadPoolExecutor) -> None:
        """Compares every file with its checksum; hashing releases the GIL."""
        right = pool.map(lambda file: file.digest.matches(self._folder / file.name), self._files)
        wrong = [file for file, is_right in zip(self._files, right, strict=True) if not is_right]
        for file in wrong:
            (self._folder / file.name).unlink()
            self._journal(file).unlink()
        if wrong:
            names = ", ".join(file.name for file in wrong)
            raise FetchError(f"{names}: corrupt, the checksum of what came is not the one that was published")

    def publish(self) -> None:
        """Moves the whole model to its place."""
        self._folder.rename(self._target)
        shutil.rmtree(self._journals)


def _write(path: Path, content: memoryview, start: int) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        while content:
            written = os.pwrite(descriptor, content, start)
            content, start = content[written:], start + written
    finally:
        os.close(descriptor)
