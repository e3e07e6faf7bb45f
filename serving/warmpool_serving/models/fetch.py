"""``warmpool-serve fetch URI --out DIR``: a model from a hub or an object store into a folder.

It runs as a pod's init container. Its exit code, its log and its termination message say in words what is wrong;
the next container goes on where a killed one stopped.
"""

import argparse
import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from warmpool_serving.logs import configure, event, logger
from warmpool_serving.models.download import Progress, download, is_there, megabytes
from warmpool_serving.models.source import FetchError, Source
from warmpool_serving.names import Exit
from warmpool_serving.termination import write_termination_message

TOKEN_VARIABLE: Final = "HF_TOKEN"  # noqa: S105 - its name
_HUB: Final = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})")
_STORE: Final = re.compile(r"(s3|gs|az|https?)://[^/?#@\s]+(/[^?#\s]*)?")
_UNITS: Final = {
    "": 1,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 1 << 10,
    "Mi": 1 << 20,
    "Gi": 1 << 30,
    "Ti": 1 << 40,
}


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns the exit code."""
    options = _parser().parse_args(arguments)
    configure(options.log_level, options.log_format)
    signal.signal(signal.SIGTERM, _stop)
    out: Path = options.out
    began = time.monotonic()
    try:
        if is_there(out):
            event("the model is there already", folder=str(out))
            return Exit.OK
        source = open_source(options)
        event("fetching", source=options.uri, folder=str(out))
        done = download(source, out, size_limit=options.size_limit, report=_Reporter(began))
    except FetchError as error:
        return _fail(str(error))
    except Exception as error:
        logger.debug("fetching failed", exc_info=True)
        return _fail(f"fetching {options.uri} failed: {type(error).__name__}: {error}")
    seconds = time.monotonic() - began
    event(
        "fetched", bytes=done.total, keptBytes=done.kept, seconds=round(seconds, 3),
        megabytesPerSecond=round((done.total - done.kept) / 1e6 / max(seconds, 1e-6), 1),
    )  # fmt: skip
    write_termination_message(f"fetched {megabytes(done.total - done.kept)} in {seconds:.2f} s")
    return Exit.OK


def open_source(options: argparse.Namespace) -> Source:
    """The source that the command line names.

    Raises:
        FetchError: it names none that exists.
    """
    uri: str = options.uri
    if (hub := _HUB.fullmatch(uri)) is not None:
        from warmpool_serving.models.hub import open_hub  # noqa: PLC0415 - one kind of source per process

        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        return open_hub(hub["repo"], hub["revision"], endpoint=options.endpoint, token=token)
    if _STORE.fullmatch(uri) is None:
        raise FetchError(
            f"{uri} is no source: use s3://, gs://, az:// or https:// with a folder, or hf://owner/name@commit"
        )
    from warmpool_serving.models.object_store import BundleSource, open_store  # noqa: PLC0415

    store = open_store(uri.rstrip("/"), endpoint=options.endpoint)
    return BundleSource(store, uri.rstrip("/"), options.manifest_sha256)


class _Reporter:
    """Logs how far a download is, at most every two seconds."""

    def __init__(self, began: float) -> None:
        self._last = began

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= 2:
            self._last = now
            event(
                "fetching", percent=round(100 * progress.done / max(1, progress.total)),
                megabytes=round(progress.done / 1e6, 1), of=round(progress.total / 1e6, 1),
            )  # fmt: skip


def _fail(reason: str) -> int:
    event(reason, level=40, exitCode=Exit.FETCH)
    write_termination_message(reason)
    return Exit.FETCH


def _stop(number: int, _frame: FrameType | None) -> None:
    # As process 1 of a container it would not hear SIGTERM without a handler. Every part that is there is noted.
    os._exit(128 + number)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(k|[MGT]|[KMGT]i)?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 500Mi or 20Gi")
    return int(float(found[1]) * _UNITS[found[2] or ""])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="warmpool-serve fetch",
        description="Fetches a model: parallel, resumed, verified, there only once it is whole.",
        allow_abbrev=False,
    )
    parser.add_argument("uri", help="s3://, gs://, az://, https:// with a bundle, or hf://owner/name@commit")
    parser.add_argument("--out", type=Path, required=True, help="folder to make; its parent must exist")
    parser.add_argument("--endpoint", default="", help="URL of a compatible store or of a hub's mirror")
    parser.add_argument(
        "--manifest-sha256", default="", help="refuse a bundle whose manifest has another sha256"
    )
    parser.add_argument("--size-limit", type=_bytes, help="what the volume of --out may hold")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", default="json", choices=["json", "text"])
    return parser
