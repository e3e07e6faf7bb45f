"""Reads a sentence-transformers folder: encoder, pooling, normalisation, limits.

Only what the onnx engine computes is accepted: a BERT encoder, mean or first-token pooling,
optionally vectors of length 1. Everything else is refused with the reason.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from warmpool_serving.models.bert_graph import BertShape, UnsupportedModelError, shape_of

_HUB_FILES: Final = ["*.json", "*.txt", "*.safetensors", "1_Pooling/*"]
_POOLINGS: Final = {"mean": "mean", "cls": "cls"}


@dataclass(frozen=True, slots=True)
class SentenceFolder:
    """A model as it was published; ``dims`` numbers per vector, ``max_tokens`` per text."""

    folder: Path
    shape: BertShape
    pooling: str
    normalize: bool
    max_tokens: int
    matryoshka: tuple[int, ...]


def resolve(name: str, revision: str | None) -> Path:
    """A folder as it is, or a repository of the Hugging Face hub, downloaded.

    Raises:
        UnsupportedModelError: neither is there.
    """
    folder = Path(name)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only for hub names
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=_HUB_FILES))
    except (OSError, ValueError, HFValidationError) as error:
        raise UnsupportedModelError(
            f"{name} is neither a folder nor a reachable hub repository: {error}"
        ) from None


def read(folder: Path) -> SentenceFolder:
    """Reads the folder's configuration.

    Raises:
        UnsupportedModelError: the onnx engine does not compute such a model.
    """
    config = _json(folder / "config.json")
    modules = [(item["type"].rpartition(".")[2], item["path"]) for item in _json(folder / "modules.json")]
    kinds = [kind for kind, _ in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise UnsupportedModelError(
            f"modules {', '.join(kinds)}: the onnx engine computes Transformer, Pooling, Normalize"
        )
    limits = _json(folder / "sentence_bert_config.json", optional=True)
    extra = _json(folder / "config_sentence_transformers.json", optional=True)
    most = config["max_position_embeddings"]
    return SentenceFolder(
        folder=folder,
        shape=shape_of(config),
        pooling=_pooling(_json(folder / modules[1][1] / "config.json")),
        normalize="Normalize" in kinds,
        max_tokens=min(limits.get("max_seq_length") or most, most),
        matryoshka=tuple(extra.get("matryoshka_dimensions", ())),
    )


def read_weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """All tensors as float32, by their names without the prefix some publishers add.

    Raises:
        UnsupportedModelError: there is no ``model.safetensors``.
    """
    from safetensors.numpy import load_file  # noqa: PLC0415 - only here

    path = folder / "model.safetensors"
    if not path.is_file():
        raise UnsupportedModelError(f"{folder} has no model.safetensors")
    return {
        name.removeprefix("bert."): value.astype(np.float32)
        for name, value in load_file(path).items()
        if value.dtype.kind == "f"
    }


def _pooling(config: Mapping[str, Any]) -> str:
    mode = config.get("pooling_mode")
    if mode is None:
        mode = "+".join(
            name.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
            for name, value in config.items()
            if name.startswith("pooling_mode_") and value
        )
    if mode not in _POOLINGS:
        raise UnsupportedModelError(f"pooling {mode}: the onnx engine computes mean and cls")
    return _POOLINGS[mode]


def _json(path: Path, *, optional: bool = False) -> Any:
    if optional and not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnsupportedModelError(f"{path.name}: {error}") from None
