"""``warmpool-serve export SOURCE --out DIR``: from a published model to a bundle.

The bundle is built beside its place and moved there once it is whole and has been compared with
the reference implementation, so a bundle that exists is a bundle that answers right.
"""

import argparse
import hashlib
import importlib.metadata
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from warmpool_serving.engines.onnx import GRAPH, TOKENIZER, OnnxEngine
from warmpool_serving.models import bundle, quality
from warmpool_serving.models.bundle import FileEntry, Golden, Manifest, ModelError
from warmpool_serving.names import EngineName, Exit
from warmpool_serving.threads import no_telemetry
from warmpool_serving.tokenizer import TextTokenizer

if TYPE_CHECKING:
    from warmpool_serving.models.sentence_folder import SentenceFolder

WEIGHTS: Final = "model.onnx.data"
_PACKAGES: Final = ("onnx", "onnxruntime", "sentence-transformers", "tokenizers", "torch", "transformers")


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="warmpool-serve export", description="Makes a bundle that warmpool-serve can serve."
    )
    parser.add_argument(
        "source", help="folder in sentence-transformers' layout, or a Hugging Face repository"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to make; it is replaced if it exists")
    parser.add_argument("--name", help="name of the model (default: the last part of the source)")
    parser.add_argument("--revision", help="commit or tag of the repository")
    parser.add_argument(
        "--precision", choices=["fp32", "int8"], default="fp32", help="arithmetic (default: fp32)"
    )
    options = parser.parse_args(arguments)
    no_telemetry()
    try:
        import onnx  # noqa: F401, PLC0415 - asked for before minutes are spent
        import sentence_transformers  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        print(
            f"warmpool-serve export: {error.name} is missing; install warmpool[serving,torch]",
            file=sys.stderr,
        )
        return Exit.USAGE
    from warmpool_serving.models.bert_graph import UnsupportedModelError  # noqa: PLC0415 - needs onnx

    request = Request(
        options.source, options.name or Path(options.source).name, options.revision, options.precision
    )
    try:
        export(request, options.out)
    except (UnsupportedModelError, ModelError) as error:
        print(f"warmpool-serve export: {error}", file=sys.stderr)
        return Exit.MODEL
    return Exit.OK


@dataclass(frozen=True, slots=True)
class Request:
    """What to export: a folder or repository, under which name, at which revision, in which precision."""

    source: str
    name: str
    revision: str | None = None
    precision: str = "fp32"


def export(request: Request, out: Path) -> Manifest:
    """Makes a bundle at ``out``.

    Raises:
        UnsupportedModelError: the onnx engine does not compute such a model.
        ModelError: the result does not agree with the reference implementation.
    """
    from warmpool_serving.models import sentence_folder  # noqa: PLC0415 - needs the export packages

    began = time.monotonic()
    folder = sentence_folder.resolve(request.source, request.revision)
    described = sentence_folder.read(folder)
    _say(began, f"reading {folder}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        made = Path(scratch) / "bundle"
        made.mkdir()
        _copy_tokenizer(folder, made)
        _say(began, f"writing the fused graph and its weights in {request.precision}")
        _write_graph(described, made, request.precision)
        _say(began, "computing reference vectors with sentence-transformers")
        golden = _write_golden(folder, made)
        manifest = _describe(request, described, made)
        _say(began, f"comparing {len(golden)} texts with the reference")
        measured = quality.measure(_engine(made, manifest), golden)
        quality.check(measured, request.precision)
        manifest = replace(manifest, quality=measured)
        _write_manifest(made / bundle.MANIFEST, manifest)
        shutil.rmtree(out, ignore_errors=True)
        made.rename(out)
    size = sum(entry.size for entry in manifest.files.values())
    shown = ", ".join(f"{name} {value:.6g}" for name, value in measured.items())
    _say(began, f"{out}: {size / 1e6:.0f} MB, {shown}")
    return manifest


def _write_graph(described: "SentenceFolder", made: Path, precision: str) -> None:
    import onnx  # noqa: PLC0415 - an export package

    from warmpool_serving.models import bert_graph, int8, reference, sentence_folder, weights_file  # noqa: PLC0415

    weights, dims = sentence_folder.read_weights(described.folder), described.shape.hidden
    graph = bert_graph.build(weights, described.shape, normalize=described.normalize)
    if precision == "int8":
        texts = TextTokenizer(made / TOKENIZER, described.max_tokens).encode(reference.calibration_texts())
        with tempfile.TemporaryDirectory() as scratch:
            largest = int8.calibrate(graph, texts, Path(scratch), dims=dims, mean=described.pooling == "mean")
        graph = int8.quantize(graph, largest)
    model = bert_graph.model_of(graph, weights_file.write_weights(made / WEIGHTS, graph.tensors), dims=dims)
    (made / GRAPH).write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(made / GRAPH), full_check=False)


def _write_golden(folder: Path, made: Path) -> list[Golden]:
    from warmpool_serving.models import reference  # noqa: PLC0415

    proof, kept, real = reference.golden_texts(), reference.reference_texts(), reference.real_texts()
    golden = reference.encode(folder, [*proof, *kept, *real])
    split, end = len(proof), len(proof) + len(kept)
    bundle.write_golden(made / bundle.GOLDEN, golden[:split])
    bundle.write_golden(made / bundle.REFERENCE, golden[split:end])
    return golden


def _describe(request: Request, described: "SentenceFolder", made: Path) -> Manifest:
    return Manifest(
        name=request.name,
        engine=EngineName.ONNX,
        dims=described.shape.hidden,
        max_tokens=described.max_tokens,
        pooling=described.pooling,
        normalized=described.normalize,
        precision=request.precision,
        files=_entries(made),
        proof_cosine=quality.PROOF_COSINE[request.precision],
        revision=request.revision or _weights_id(described.folder),
        source=Path(request.source).name if Path(request.source).is_dir() else request.source,
        matryoshka=described.matryoshka,
        versions={package: _version(package) for package in _PACKAGES},
    )


def _engine(made: Path, manifest: Manifest) -> OnnxEngine:
    engine = OnnxEngine(made, manifest, workers=1)
    engine.import_libraries()
    engine.load()
    return engine


def _copy_tokenizer(folder: Path, made: Path) -> None:
    if not (folder / TOKENIZER).is_file():
        raise ModelError(f"{folder} has no {TOKENIZER}; save the model with a fast tokenizer first")
    shutil.copyfile(folder / TOKENIZER, made / TOKENIZER)


def _entries(made: Path) -> dict[str, FileEntry]:
    return {
        path.name: FileEntry(size=path.stat().st_size, sha256=bundle.file_sha256(path))
        for path in sorted(made.iterdir())
    }


def _weights_id(folder: Path) -> str:
    with (folder / "model.safetensors").open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:12]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _write_manifest(path: Path, manifest: Manifest) -> None:
    body = {"format": bundle.FORMAT, **asdict(manifest)}
    path.write_text(json.dumps(body, indent=1, default=str) + "\n", encoding="utf-8")


def _say(began: float, what: str) -> None:
    print(f"[{time.monotonic() - began:5.1f} s] {what}", file=sys.stderr, flush=True)
