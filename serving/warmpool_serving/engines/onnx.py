"""The default engine: a fused ONNX graph that computes packed texts, with memory-mapped weights.

Packed means that the tokens of all texts of a batch lie one after another, so the matrix products
(90 % of the work and more) see no padding; only attention, which mixes positions, is laid out as
texts by longest text. The graph's inputs are made in `pack`; `models.bert_graph` makes the graph.
Thread-safe. A session's threads help whichever run has work to give, and when every core has a run of
its own they are in the way: two batches side by side take 5 to 20 % longer than without (two cores,
onnxruntime 1.32). So models that are not large have a second session without threads, for the batch that
takes the last core.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from warmpool_serving.engines.base import CPU, Begin, Encoded, Golden, Manifest, ModelError, unwatched
from warmpool_serving.engines.company import Company
from warmpool_serving.models.bundle import read_golden
from warmpool_serving.names import EngineName, Phase
from warmpool_serving.tokenizer import TextTokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRAPH: Final = "model.onnx"
TOKENIZER: Final = "tokenizer.json"
_FLOAT_BYTES: Final = 4
_TWICE_BYTES: Final = 256 << 20
"""Weights up to which a second session is opened: it has a copy of all matrices (43 MiB of MiniLM's 91)."""


class OnnxEngine:
    """Runs a bundle made by ``warmpool-serve export``."""

    name, device = EngineName.ONNX, CPU
    padded, shares_cores = False, True

    def __init__(self, folder: Path, manifest: Manifest, *, workers: int) -> None:
        self.manifest, self.workers = manifest, workers
        self._folder = folder
        self._tokenizer: TextTokenizer | None = None
        self._company = Company()
        self._helped: Any = None
        self._bare: Any = None

    def import_libraries(self) -> None:
        """Imports numpy and onnxruntime."""
        import numpy  # noqa: PLC0415
        import onnxruntime  # noqa: PLC0415

        del numpy, onnxruntime

    def load(self, begin: Begin = unwatched) -> None:
        """Opens graph and tokenizer side by side; ``load`` is what tokenizer and second session take longer.

        Opening the graph is compiling: of 50 ms for 90 MB of weights, 2 parse it and 1 makes its kernels; in the
        rest weights are laid out as the kernels of this CPU want them (onnxruntime 1.32, with and without).
        Weights are mapped, not read: a file that the disk has not given by then is waited for there.

        Raises:
            ModelError: a file is missing or unusable.
        """
        with ThreadPoolExecutor(thread_name_prefix="load") as pool:
            tokenizer = pool.submit(TextTokenizer, self._folder / TOKENIZER, self.manifest.max_tokens)
            two = self._opens_two()
            bare = pool.submit(open_session, self._folder / GRAPH) if two else None
            begin(Phase.COMPILE)
            # With two workers the helped session never has two runs.
            spinning = two and self.workers == 2
            self._helped = open_session(self._folder / GRAPH, threads=self.workers, spinning=spinning)
            begin(Phase.LOAD)
            self._tokenizer = tokenizer.result()
            self._bare = bare.result() if bare else self._helped

    def _opens_two(self) -> bool:
        return self.workers > 1 and sum(file.size for file in self.manifest.files.values()) <= _TWICE_BYTES

    def golden(self) -> Sequence[Golden]:
        """The texts and vectors of ``golden.json``."""
        return read_golden(self._folder)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Tokenises with the bundle's tokenizer."""
        if self._tokenizer is None:
            raise RuntimeError("encode() before load()")
        return self._tokenizer.encode(texts)

    def compute(self, batch: Sequence[Encoded]) -> list[bytes]:
        """Runs the graph once; the interpreter's lock is released meanwhile."""
        inputs = pack(batch, mean=self.manifest.pooling == "mean")
        with self._company.enter() as inside:
            session = self._helped if inside < self.workers else self._bare
            (vectors,) = session.run(None, inputs)
        raw, size = vectors.tobytes(), self.manifest.dims * _FLOAT_BYTES
        return [raw[start : start + size] for start in range(0, len(raw), size)]


def open_session(graph: Path, *, threads: int = 1, spinning: bool = False) -> Any:
    """Opens a graph for several callers at once, who share ``threads`` threads.

    ``spinning`` is for one caller at a time: between two operators of a run threads wait without sleeping.

    Raises:
        ModelError: the graph or its weights are missing or unusable.
    """
    import onnxruntime as ort  # noqa: PLC0415 - heavy

    options = ort.SessionOptions()
    # Unset, both pools are sized by the host's cores whatever the container's limit is.
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # A thread that spins takes the core from another caller; one that sleeps is woken late, several times per
    # layer: 3.5 ms instead of 2.2 for 17 tokens in int8. Between runs none spins.
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # Smaller parts: who is late holds up the others less. Median as with one part per thread, p90 a third less.
    options.add_session_config_entry("session.dynamic_block_base", "4")
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # The graph was fused when it was exported; looking for more costs 15 ms and finds nothing.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Plans per input shape are never met again with packed batches, and grow without end.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{graph.name} is not usable: {reason}") from None


def pack(batch: Sequence[Encoded], *, mean: bool) -> "dict[str, NDArray[np.generic]]":
    """Inputs of the graph for n texts of T tokens in all, the longest with S.

    ``ids`` and ``positions`` [T]; ``unpack`` [n, S] says which token lies where in attention's
    layout (token 0 where there is none) and ``mask`` [n, S] whether there is one; ``repack`` [T]
    leads back; ``pool`` [n, T] holds the weights of pooling.
    """
    import numpy as np  # noqa: PLC0415 - imported long before, see import_libraries

    lengths = np.fromiter((len(item) for item in batch), dtype=np.int64, count=len(batch))
    total, longest = int(lengths.sum()), int(lengths.max())
    starts = np.cumsum(lengths) - lengths
    rows = np.repeat(np.arange(len(batch)), lengths)
    columns = np.arange(total) - starts[rows]
    mask = np.arange(longest) < lengths[:, None]
    pool = np.zeros((len(batch), total), dtype=np.float32)
    if mean:
        pool[rows, np.arange(total)] = (1.0 / lengths)[rows]
    else:
        pool[np.arange(len(batch)), starts] = 1.0
    return {
        "ids": np.fromiter((token for item in batch for token in item.ids), dtype=np.int64, count=total),
        "positions": columns,
        "unpack": np.where(mask, starts[:, None] + np.arange(longest), 0),
        "mask": mask.astype(np.int32),
        "repack": rows * longest + columns,
        "pool": pool,
    }
