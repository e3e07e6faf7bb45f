"""The compatible engine: any model that sentence-transformers loads, on torch, on CUDA where there is one.

It costs seconds of imports and several times the memory of the onnx engine. Batches are padded, so
a batch is charged by its longest text. On the CPU a batch computes on its share of the cores, by how
many are computed when it begins; on CUDA one worker feeds the device, and what the device gives is held
to what the CPU gave.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from warmpool_serving.engines.base import (
    CPU,
    Begin,
    Encoded,
    Golden,
    Manifest,
    ModelError,
    first_line,
    unwatched,
)
from warmpool_serving.engines.company import Company
from warmpool_serving.engines.deferred import deferred
from warmpool_serving.logs import event
from warmpool_serving.models.bundle import GOLDEN, read_golden
from warmpool_serving.names import EngineName, Precision

_PROOF_TEXTS: Final = (
    "warm",
    "A pod that answers wrong is worse than a pod that does not answer.",
    "The committee postponed its decision until the auditors have reported, and nobody knows when that will be.",
)
_DEFAULT_MAX_TOKENS: Final = 512
_CUDA: Final = "cuda"
_DTYPES: Final = {Precision.FP32: "float32", Precision.FP16: "float16", Precision.BF16: "bfloat16"}
_PROVEN_ON_CPU_BYTES: Final = 2 << 30
"""Weights up to which a CPU computes golden vectors where there are none: some 150 tokens, in a second or two."""


class SentenceTransformersEngine:
    """Runs a folder in sentence-transformers' layout."""

    name = EngineName.SENTENCE_TRANSFORMERS
    padded = shares_cores = True

    def __init__(self, folder: Path, *, workers: int, precision: Precision = Precision.AUTO) -> None:
        self._folder, self.workers, self._precision = folder, workers, precision
        self._model: Any = None
        self._torch: Any = None
        self.device = self._device = CPU
        # Hugging Face's tokenizers keep truncation as state and are not safe to share between threads.
        self._tokenizing = threading.Lock()
        self._company = Company()
        self._golden: Sequence[Golden] = ()
        self.manifest = Manifest(
            name=folder.name, engine=self.name, dims=0, max_tokens=_DEFAULT_MAX_TOKENS, pooling="",
            normalized=_normalizes(folder), precision="fp32", files={},
        )  # fmt: skip

    def import_libraries(self) -> None:
        """Imports torch and sentence-transformers.

        Raises:
            ModelError: they are not installed.
        """
        try:
            with deferred("sklearn.metrics"):
                import sentence_transformers  # noqa: PLC0415 - seconds
                import torch  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ModelError(
                f"{error.name} is not installed; this engine needs warmpool[serving,torch]"
            ) from None
        del sentence_transformers
        self._torch = torch
        if torch.cuda.is_available():
            torch.set_num_threads(self.workers)
            self._device, self.device, self.workers = _CUDA, torch.cuda.get_device_name(), 1
            # Products of float32 in TF32: several times as fast, and proven before anybody is answered.
            torch.set_float32_matmul_precision("high")
            # cuDNN's attention makes a plan for each new shape of a batch, and no two batches here are alike.
            torch.backends.cuda.enable_cudnn_sdp(False)
        else:
            torch.set_num_threads(1)

    def load(self, begin: Begin = unwatched) -> None:
        """Loads the model onto the device. torch computes eagerly, so nothing is compiled.

        Raises:
            ModelError: the folder holds no model that can be loaded, or one too large for the device.
        """
        from warmpool_serving.engines.packed_linear import pack_linear_layers  # noqa: PLC0415

        if not self._folder.is_dir():
            raise ModelError(f"no model: the folder {self._folder} does not exist")
        self._model = self._read()
        self.manifest = replace(
            self.manifest,
            dims=int(self._model.get_embedding_dimension()),
            max_tokens=int(self._model.max_seq_length or _DEFAULT_MAX_TOKENS),
            precision=_precision(self._model.dtype),
        )
        # Before packing and moving, which they are to prove.
        self._golden = self._read_or_compute_golden()
        if self._device == CPU:
            pack_linear_layers(self._model)
        else:
            self._move()

    def _read(self) -> Any:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - seconds

        numbers = {"dtype": _DTYPES[self._precision]} if self._precision in _DTYPES else {}
        try:
            model = SentenceTransformer(
                str(self._folder), device=CPU, local_files_only=True, model_kwargs=numbers
            )
        except Exception as error:
            raise ModelError(f"{self._folder} is not usable: {first_line(error)}") from None
        return model.eval()

    def _move(self) -> None:
        try:
            self._model.to(self._device)
        except self._torch.OutOfMemoryError as error:
            raise ModelError(
                f"the model does not fit into the memory of {self.device}: {first_line(error)}"
            ) from None

    def golden(self) -> Sequence[Golden]:
        """``golden.json`` where the folder has one; else each text alone in the model as loaded, on the CPU.

        On the device itself where the model is too large for a CPU to compute it in no time.
        """
        return self._golden

    def _read_or_compute_golden(self) -> Sequence[Golden]:
        if (self._folder / GOLDEN).is_file():
            return read_golden(self._folder)
        encoded = self.encode(_PROOF_TEXTS)
        if self._device != CPU and _weights_bytes(self._model) > _PROVEN_ON_CPU_BYTES:
            self._move()
        return [
            Golden(text, self.compute([item])[0]) for text, item in zip(_PROOF_TEXTS, encoded, strict=True)
        ]

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Tokenises with the model's own tokenizer."""
        with self._tokenizing:
            found = self._model.tokenizer(list(texts), truncation=True, max_length=self.manifest.max_tokens)
        # Tokenizers written in Python do not tell what they cut off: then a full text counts as cut.
        cut = [bool(item.overflowing) for item in found.encodings or ()]
        return [
            Encoded(ids, cut[index] if cut else len(ids) >= self.manifest.max_tokens)
            for index, ids in enumerate(found["input_ids"])
        ]

    def compute(self, batch: Sequence[Encoded]) -> list[bytes]:
        """Pads, runs all modules of the model, and brings the vectors back.

        A batch that no longer fits into a device's memory, since others use it too, is computed in halves.
        """
        try:
            return self._forward(batch)
        except self._torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
        event(
            "a batch does not fit into the device's memory: it is computed in halves",
            level=30,
            texts=len(batch),
        )
        # Only here are the tensors of the failed pass gone, which the error held.
        self._torch.cuda.empty_cache()
        half = len(batch) // 2
        return [*self.compute(batch[:half]), *self.compute(batch[half:])]

    def _forward(self, batch: Sequence[Encoded]) -> list[bytes]:
        torch = self._torch
        # Until it is moved a model that will be on a device is on the CPU, where it is computed once to prove it.
        device = self._model.device
        longest = max(map(len, batch))
        fill = self._model.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*item.ids, *[fill] * (longest - len(item))] for item in batch], device=device)
        lengths = torch.tensor([len(item) for item in batch], device=device)
        mask = (torch.arange(longest, device=device) < lengths[:, None]).long()
        with torch.inference_mode(), self._company.enter() as inside:
            if self._device == CPU:
                # OpenMP keeps the number per calling thread.
                torch.set_num_threads(max(1, self.workers // inside))
            found = self._model.forward({"input_ids": ids, "attention_mask": mask, "modality": "text"})
            vectors = found["sentence_embedding"].float().cpu().numpy()
        return [vector.astype("<f4", copy=False).tobytes() for vector in vectors]


def _precision(dtype: Any) -> str:
    name = str(dtype).removeprefix("torch.")
    return next((short.value for short, long in _DTYPES.items() if long == name), name)


def _weights_bytes(model: Any) -> int:
    return sum(each.numel() * each.element_size() for each in model.parameters())


def _normalizes(folder: Path) -> bool:
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        return any(str(module["type"]).endswith(".Normalize") for module in modules)
    except (OSError, ValueError, KeyError, TypeError):
        return False
