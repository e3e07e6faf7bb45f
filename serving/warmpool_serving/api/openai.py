"""``POST /v1/embeddings`` and ``GET /v1/models`` in OpenAI's shape.

Differences from the original, all refused in words: token ids (they belong to OpenAI's vocabulary,
and embedding them with another would give nonsense that looks right) and ``dimensions`` that the
model was not trained for. The model name is not checked against ours: clients are configured with
all sorts, and one process serves one model; the answer says which.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from warmpool_serving.api.errors import bad_request
from warmpool_serving.engines.base import Manifest
from warmpool_serving.pipeline import Embedded
from warmpool_serving.vectors import floats, shortened


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """A checked request: texts, whether vectors go as base64, and how many numbers each has."""

    texts: Sequence[str]
    base64: bool
    dims: int


def parse(body: Any, manifest: Manifest, *, max_inputs: int) -> EmbeddingRequest:
    """Checks a decoded body.

    Raises:
        ApiError: 400, with the field at fault.
    """
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    texts = _texts(body.get("input"), max_inputs)
    model = body.get("model")
    if model is not None and not isinstance(model, str):
        raise bad_request("model must be a string.", param="model")
    encoding = body.get("encoding_format")
    if encoding not in (None, "float", "base64"):
        raise bad_request("encoding_format must be float or base64.", param="encoding_format")
    return EmbeddingRequest(
        texts=texts, base64=encoding == "base64", dims=_dims(body.get("dimensions"), manifest)
    )


def _texts(value: Any, max_inputs: int) -> Sequence[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts:
        raise bad_request("input must be a string or a list of strings that is not empty.", param="input")
    if len(texts) > max_inputs:
        raise bad_request(f"input has {len(texts)} texts; at most {max_inputs} are taken.", param="input")
    for text in texts:
        if isinstance(text, int | list):
            message = "input has token ids; this model has its own vocabulary, so send text instead."
            raise bad_request(message, param="input", code="token_ids_not_supported")
        if not isinstance(text, str):
            raise bad_request("input must be a string or a list of strings.", param="input")
        if not text:
            raise bad_request("input has an empty text.", param="input")
    return texts


def _dims(value: Any, manifest: Manifest) -> int:
    if value is None or value == manifest.dims:
        return manifest.dims
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= manifest.dims:
        raise bad_request(f"dimensions must be a whole number from 1 to {manifest.dims}.", param="dimensions")
    if value not in manifest.matryoshka:
        allowed = ", ".join(map(str, (*manifest.matryoshka, manifest.dims)))
        message = f"{manifest.name} was not trained for {value} dimensions; possible: {allowed}."
        raise bad_request(message, param="dimensions")
    return value


def render(
    request: EmbeddingRequest, result: Embedded, *, model: str, normalized: bool, full: int
) -> dict[str, Any]:
    """The answer's body; numbers are left as arrays for the JSON encoder."""
    vectors = result.vectors
    if request.dims != full:
        vectors = [shortened(vector, request.dims, normalized=normalized) for vector in vectors]
    encode = _base64 if request.base64 else floats
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": encode(vector)}
            for index, vector in enumerate(vectors)
        ],
        "model": model,
        "usage": {"prompt_tokens": result.tokens, "total_tokens": result.tokens},
    }


def models(name: str, created: int) -> dict[str, Any]:
    """The list of the one model."""
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": created, "owned_by": "warmpool"}],
    }


def _base64(vector: bytes) -> str:
    return base64.b64encode(vector).decode("ascii")
