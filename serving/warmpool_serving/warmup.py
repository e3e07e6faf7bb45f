"""From a built engine to a proven one: load, warm, and compare with the golden vectors.

Runs in the engine thread while the main thread imports the web stack. A model that answers wrong
is a failed start, never a ready pod.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from warmpool_serving import budget, memory
from warmpool_serving.admission import Means, Speed
from warmpool_serving.config import Settings
from warmpool_serving.engines.base import CPU, Encoded, Engine, Golden, first_line
from warmpool_serving.models import bundle
from warmpool_serving.models.bundle import ModelError
from warmpool_serving.names import Phase, State
from warmpool_serving.phases import ColdStart
from warmpool_serving.state import Lifecycle
from warmpool_serving.vectors import cosine

_TRIES: Final = 3
"""Of a batch of one size: the first of them asks for memory and chooses kernels."""
_SHARE_OF_TARGET: Final = 1 / 8
"""Of the latency target that a batch on a device may take: who comes waits for one that runs, and for the own."""


@dataclass(frozen=True, slots=True)
class Warm:
    """What warming measured: the speed of one worker, the size of a typical request, the memory it took.

    ``memory_peak`` is in bytes, of everything up to the proof; None where the kernel does not tell.
    ``batch_tokens`` is what a batch may have.
    """

    speed: Speed
    means: Means
    proof_cosine: float
    batch_tokens: int = budget.LEAST
    memory_peak: int | None = None


class FileCheck:
    """Checks the bundle's files in a thread beside the imports; `join` raises what it found."""

    def __init__(self, engine: Engine, folder: Path, *, hashes: bool) -> None:
        self._error: ModelError | None = None
        self._manifest, self._folder, self._hashes = engine.manifest, folder, hashes
        self._thread = threading.Thread(target=self._run, name="file-check", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            bundle.check_sizes(self._folder, self._manifest)
            if self._hashes:
                bundle.check_hashes(self._folder, self._manifest)
        except ModelError as error:
            self._error = error

    def join(self) -> None:
        """Waits for the check.

        Raises:
            ModelError: a file is missing or corrupt.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error


def bring_up(
    engine: Engine, settings: Settings, *, lifecycle: Lifecycle, cold: ColdStart, check: Callable[[], None]
) -> Warm:
    """Drives ``engine`` from built to proven; the caller enters Ready.

    Raises:
        ModelError: the model is missing, corrupt or wrong.
    """
    lifecycle.to(State.LOADING)
    engine.import_libraries()
    cold.begin(Phase.LOAD)
    try:
        return _warm_up(engine, settings, lifecycle=lifecycle, cold=cold)
    finally:
        # A damaged file may be why it did not load or answers wrong, and that reason is the more useful one.
        check()


def _warm_up(engine: Engine, settings: Settings, *, lifecycle: Lifecycle, cold: ColdStart) -> Warm:
    engine.load(cold.begin)
    lifecycle.to(State.WARMING)
    cold.begin(Phase.WARMUP)
    golden = engine.golden()
    if not golden:
        raise ModelError("the bundle has no golden vectors, so nothing can be proven; export it again")
    texts = engine.encode([item.text for item in golden])
    _warm(engine, texts, settings.warmup_requests)
    batch_tokens = settings.max_batch_tokens or budget.LEAST
    if engine.device != CPU:
        batch_tokens = _fill(engine, max(texts, key=len), settings)
    # The proof is measured and the passes before it are not: those pay for first touches of weights.
    began = time.monotonic()
    worst = _held_to(golden, _compute(engine, texts), engine)
    seconds = max(1e-6, time.monotonic() - began)
    tokens = sum(map(len, texts))
    used = engine.workers if engine.shares_cores else 1
    if used > 1:
        worst = min(worst, _held_to(golden, _side_by_side(engine, texts), engine))
    speed = Speed().after(tokens, seconds, workers=used)
    means = Means(tokens=tokens / len(texts))
    return Warm(speed, means, proof_cosine=worst, batch_tokens=batch_tokens, memory_peak=memory.peak())


def prove(engine: Engine) -> float:
    """Computes the golden texts; returns the worst cosine to their vectors.

    Raises:
        ModelError: it does not compute, or computes something else.
    """
    golden = engine.golden()
    return _held_to(golden, _compute(engine, engine.encode([item.text for item in golden])), engine)


def _warm(engine: Engine, texts: Sequence[Encoded], passes: int) -> None:
    # Shapes from small to full: a lone short text, a lone long one, then all at once.
    ordered = sorted(texts, key=len)
    shapes: list[Sequence[Encoded]] = [ordered[:1], ordered[-1:], ordered]
    for number in range(passes):
        _compute(engine, shapes[min(number, len(shapes) - 1)])


def _fill(engine: Engine, text: Encoded, settings: Settings) -> int:
    """How many tokens a batch on a device may have: what was set, or what is found by trying."""

    def seconds_of(tokens: int) -> float:
        length = min(engine.manifest.max_tokens, tokens)
        full = Encoded((list(text.ids) * (length // len(text) + 1))[:length])
        taken = []
        for _ in range(_TRIES):
            began = time.monotonic()
            _compute(engine, [full] * math.ceil(tokens / length))
            taken.append(time.monotonic() - began)
        return min(taken)

    def seconds_or_never(tokens: int) -> float:
        try:
            return seconds_of(tokens)
        except ModelError:
            if tokens == budget.LEAST:
                raise
            # One long text that does not fit. What stays broken is found by the proof, which comes next.
            return math.inf

    if settings.max_batch_tokens:
        seconds_of(settings.max_batch_tokens)
        return settings.max_batch_tokens
    return budget.find(seconds_or_never, longest=settings.latency_target_ms / 1000 * _SHARE_OF_TARGET)


def _side_by_side(engine: Engine, texts: Sequence[Encoded]) -> list[bytes]:
    # What computes a batch that is not alone may be another session, or the same with fewer threads.
    with ThreadPoolExecutor(engine.workers) as pool:
        return [vector for (vector,) in pool.map(lambda text: _compute(engine, [text]), texts)]


def _held_to(golden: Sequence[Golden], vectors: Sequence[bytes], engine: Engine) -> float:
    if any(len(vector) != 4 * engine.manifest.dims for vector in vectors):
        raise ModelError(
            f"the model does not give {engine.manifest.dims} numbers per text as its manifest says"
        )
    worst = min(cosine(vector, item.vector) for vector, item in zip(vectors, golden, strict=True))
    bound = engine.manifest.proof_cosine
    if worst < bound:
        raise ModelError(
            f"the model answers wrong: cosine {worst:.4f} to a golden vector, at least {bound:g} is right"
        )
    return worst


def _compute(engine: Engine, batch: Sequence[Encoded]) -> list[bytes]:
    try:
        return engine.compute(batch)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"the model does not compute: {first_line(error)}") from error
