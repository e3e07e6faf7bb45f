"""Whether a device gives what the CPU gives, and what it does where its memory is short. Runs in one process."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from warmpool_serving.config import Settings
from warmpool_serving.engines.base import CPU, Encoded, ModelError
from warmpool_serving.engines.sentence_transformers import SentenceTransformersEngine
from warmpool_serving.models.reference import real_texts
from warmpool_serving.names import Precision
from warmpool_serving.phases import ColdStart
from warmpool_serving.state import Lifecycle
from warmpool_serving.vectors import cosine
from warmpool_serving.warmup import Warm, bring_up

PRECISIONS = (Precision.FP32, Precision.FP16, Precision.BF16)
_SHARES = (0.02, 0.0005)
"""Of the device's memory that a process may use: enough for the model but not for any batch, and too little."""


def agreement(folder: Path, *, texts: int) -> list[dict[str, Any]]:
    """Compare each precision on the device with float32 on the CPU, on real texts of 1 to about 600 tokens."""
    contents = real_texts(texts)
    wanted = _on_cpu(folder, contents)
    return [
        _compare(folder, precision, contents, wanted) | {"model": folder.name} for precision in PRECISIONS
    ]


def short_memory(folder: Path) -> list[dict[str, Any]]:
    """Start where the device's memory is short."""
    return [{"share": share, "model": folder.name} | _start(folder, share) for share in _SHARES]


def _on_cpu(folder: Path, texts: Sequence[str]) -> list[bytes]:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - seconds

    model = SentenceTransformer(str(folder), device=CPU, model_kwargs={"dtype": "float32"})
    vectors = model.encode(list(texts), batch_size=16, show_progress_bar=False)
    return [vector.astype("<f4").tobytes() for vector in vectors]


def _compare(
    folder: Path, precision: Precision, texts: Sequence[str], wanted: Sequence[bytes]
) -> dict[str, Any]:
    engine, warm, seconds = _warm(folder, precision)
    encoded = engine.encode(texts)
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index]))
    got: dict[int, bytes] = {}
    for batch in _batches(order, encoded, warm.batch_tokens):
        got |= zip(batch, engine.compute([encoded[index] for index in batch]), strict=True)
    cosines = sorted(cosine(got[index], vector) for index, vector in enumerate(wanted))
    return {
        "precision": str(precision),
        "texts": len(texts),
        "longest": max(map(len, encoded)),
        "cosine_min": cosines[0],
        "cosine_p01": cosines[len(cosines) // 100],
        "proof_cosine": warm.proof_cosine,
        "batch_tokens": warm.batch_tokens,
        "warm_s": seconds,
    }


def _batches(order: Sequence[int], encoded: Sequence[Encoded], tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in order:
        if batch and len(encoded[index]) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(index)
    yield batch


def _warm(folder: Path, precision: Precision) -> tuple[SentenceTransformersEngine, Warm, float]:
    engine = SentenceTransformersEngine(folder, workers=4, precision=precision)
    began = time.monotonic()
    warm = bring_up(
        engine, Settings(), lifecycle=Lifecycle(), cold=ColdStart(already=0.0), check=lambda: None
    )
    return engine, warm, time.monotonic() - began


def _start(folder: Path, share: float) -> dict[str, Any]:
    with _at_most(share):
        try:
            _, warm, _ = _warm(folder, Precision.FP32)
        except ModelError as error:
            return {"refused": str(error)}
        return {"batch_tokens": warm.batch_tokens, "proof_cosine": warm.proof_cosine}


@contextmanager
def _at_most(share: float) -> Iterator[None]:
    import torch  # noqa: PLC0415 - seconds

    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(share)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
