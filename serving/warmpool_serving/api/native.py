"""``POST /embed`` and ``GET /info`` in the shape of text-embeddings-inference, and health aliases.

The aliases answer what the Open Inference Protocol asks for; a process that is not ready answers
503 there as everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from warmpool_serving.api.errors import ApiError, bad_request
from warmpool_serving.config import Settings
from warmpool_serving.engines.base import Manifest
from warmpool_serving.pipeline import Embedded
from warmpool_serving.policy import BatchLimits
from warmpool_serving.vectors import floats, shortened


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """A checked request: texts, whether vectors get length 1, their dimensions, whether texts may be cut."""

    texts: Sequence[str]
    normalize: bool
    dims: int
    truncate: bool


def parse(body: Any, manifest: Manifest, *, max_inputs: int) -> EmbedRequest:
    """Checks a decoded body.

    Raises:
        ApiError: 422 as text-embeddings-inference says it, 413 for too many texts.
    """
    if not isinstance(body, dict):
        raise _invalid("The body must be a JSON object.")
    value = body.get("inputs")
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts) or not texts:
        raise _invalid("inputs must be a string or a list of strings, none of them empty.", param="inputs")
    if len(texts) > max_inputs:
        raise _invalid(
            f"inputs has {len(texts)} texts; at most {max_inputs} are taken.", param="inputs", status=413
        )
    normalize = _flag(body, "normalize")
    if not normalize and manifest.normalized:
        raise _invalid(f"{manifest.name} always gives vectors of length 1.", param="normalize")
    dims = body.get("dimensions")
    if dims is not None and dims != manifest.dims and dims not in manifest.matryoshka:
        raise _invalid(f"{manifest.name} was not trained for these dimensions.", param="dimensions")
    _refuse_unsupported(body, manifest)
    return EmbedRequest(
        texts=texts,
        normalize=normalize,
        dims=manifest.dims if dims is None else dims,
        truncate=_flag(body, "truncate"),
    )


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise _invalid(f"{name} must be true or false.", param=name)
    return value is not False


def _refuse_unsupported(body: dict[str, Any], manifest: Manifest) -> None:
    # Ignored, either would give vectors of another text than the client means.
    if body.get("prompt_name") is not None:
        raise _invalid(f"{manifest.name} has no prompts.", param="prompt_name")
    if str(body.get("truncation_direction") or "right").lower() != "right":
        raise _invalid("Texts are cut at their end only.", param="truncation_direction")


def _invalid(message: str, *, param: str | None = None, status: int = 422) -> ApiError:
    return bad_request(message, param=param, code="validation", status=status)


def render(request: EmbedRequest, result: Embedded, manifest: Manifest) -> list[Any]:
    """One array per text."""
    if request.dims == manifest.dims and (manifest.normalized or not request.normalize):
        return [floats(vector) for vector in result.vectors]
    return [
        floats(shortened(vector, request.dims, normalized=request.normalize)) for vector in result.vectors
    ]


def info(manifest: Manifest, settings: Settings, batch: BatchLimits, version: str) -> dict[str, Any]:
    """What is served and within which limits."""
    return {
        "model_id": settings.model_name or manifest.name,
        "model_sha": manifest.revision or None,
        "model_dtype": manifest.precision,
        "model_type": {"embedding": {"pooling": manifest.pooling}},
        "max_concurrent_requests": settings.container_concurrency,
        "max_input_length": manifest.max_tokens,
        "max_batch_tokens": batch.tokens,
        "max_batch_requests": batch.items,
        "max_client_batch_size": settings.max_inputs,
        "auto_truncate": True,
        "tokenization_workers": 1,
        "version": version,
    }
