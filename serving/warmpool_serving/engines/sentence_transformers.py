"""The compatible engine: any model that sentence-transformers loads, on torch, on CUDA where there is one.

It costs seconds of imports and several times the memory of the onnx engine. Batches are padded, so
a batch is charged by its longest text. On the CPU a batch computes on its share of the cores, by how
many are computed when it begins; on CUDA one worker feeds the device.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from warmpool_serving.engines.base import Begin, Encoded, Golden, Manifest, ModelError, unwatched
from warmpool_serving.engines.company import Company
from warmpool_serving.engines.deferred import deferred
from warmpool_serving.models.bundle import GOLDEN, read_golden
from warmpool_serving.names import EngineName

_PROOF_TEXTS: Final = (
    "warm",
    "A pod that answers wrong is worse than a pod that does not answer.",
    "The committee postponed its decision until the auditors have reported, and nobody knows when that will be.",
)
_DEFAULT_MAX_TOKENS: Final = 512


class SentenceTransformersEngine:
    """Runs a folder in sentence-transformers' layout."""

    name = EngineName.SENTENCE_TRANSFORMERS
    padded = shares_cores = True

    def __init__(self, folder: Path, *, workers: int) -> None:
        self._folder, self.workers = folder, workers
        self._model: Any = None
        self._device = "cpu"
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
        if torch.cuda.is_available():
            self._device, self.workers = "cuda", 1
        else:
            torch.set_num_threads(1)

    def load(self, begin: Begin = unwatched) -> None:
        """Loads the model onto the device. torch computes eagerly, so nothing is compiled.

        Raises:
            ModelError: the folder holds no model that sentence-transformers loads.
        """
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415

        from warmpool_serving.engines.packed_linear import pack_linear_layers  # noqa: PLC0415

        if not self._folder.is_dir():
            raise ModelError(f"no model: the folder {self._folder} does not exist")
        try:
            self._model = SentenceTransformer(str(self._folder), device=self._device, local_files_only=True)
        except Exception as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"{self._folder} is not usable: {reason}") from None
        self._model.eval()
        self.manifest = replace(
            self.manifest,
            dims=int(self._model.get_embedding_dimension()),
            max_tokens=int(self._model.max_seq_length or _DEFAULT_MAX_TOKENS),
        )
        # Before packing, which they are to prove.
        self._golden = self._read_or_compute_golden()
        if self._device == "cpu":
            pack_linear_layers(self._model)

    def golden(self) -> Sequence[Golden]:
        """``golden.json`` where the folder has one; else each text alone in the model as loaded."""
        return self._golden

    def _read_or_compute_golden(self) -> Sequence[Golden]:
        if (self._folder / GOLDEN).is_file():
            return read_golden(self._folder)
        encoded = self.encode(_PROOF_TEXTS)
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
        """Pads, runs all modules of the model, and brings the vectors back."""
        import torch  # noqa: PLC0415 - imported long before

        longest = max(map(len, batch))
        fill = self._model.tokenizer.pad_token_id or 0
        ids = torch.tensor(
            [[*item.ids, *[fill] * (longest - len(item))] for item in batch], device=self._device
        )
        lengths = torch.tensor([len(item) for item in batch], device=self._device)
        mask = (torch.arange(longest, device=self._device) < lengths[:, None]).long()
        with torch.inference_mode(), self._company.enter() as inside:
            if self._device == "cpu":
                # OpenMP keeps the number per calling thread.
                torch.set_num_threads(max(1, self.workers // inside))
            found = self._model.forward({"input_ids": ids, "attention_mask": mask, "modality": "text"})
            vectors = found["sentence_embedding"].float().cpu().numpy()
        return [vector.astype("<f4", copy=False).tobytes() for vector in vectors]


def _normalizes(folder: Path) -> bool:
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        return any(str(module["type"]).endswith(".Normalize") for module in modules)
    except (OSError, ValueError, KeyError, TypeError):
        return False
