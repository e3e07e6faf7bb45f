"""How well a bundle agrees with the reference implementation."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from warmpool_serving.engines.base import Engine
from warmpool_serving.models.bundle import Golden, ModelError
from warmpool_serving.vectors import cosine

LEAST_COSINE: Final[Mapping[str, float]] = {"fp32": 0.9999, "int8": 0.985}
"""What an export must reach on every reference text."""
PROOF_COSINE: Final[Mapping[str, float]] = {"fp32": 0.999, "int8": 0.98}
"""What a server must reach on the golden texts before it says ready."""
_NEIGHBOURS: Final = 5
_BATCH: Final = 32


def measure(engine: Engine, golden: Sequence[Golden]) -> dict[str, float]:
    """Compares each text alone, and in a batch with others, with the reference.

    ``cosine_min``, ``cosine_p01`` (the 1st percentile) and ``cosine_mean`` are over both;
    ``rank_agreement`` is the share of each text's five nearest neighbours among the texts that stays
    the same.
    """
    encoded = engine.encode([item.text for item in golden])
    expected = [item.vector for item in golden]
    alone = [engine.compute([item])[0] for item in encoded]
    batches = [encoded[start : start + _BATCH] for start in range(0, len(encoded), _BATCH)]
    together = [vector for batch in batches for vector in engine.compute(batch)]
    cosines = sorted(cosine(*pair) for got in (alone, together) for pair in zip(got, expected, strict=True))
    return {
        "texts": len(golden),
        "cosine_min": cosines[0],
        "cosine_p01": cosines[len(cosines) // 100],
        "cosine_mean": sum(cosines) / len(cosines),
        "rank_agreement": rank_agreement(alone, expected),
    }


def check(quality: Mapping[str, float], precision: str) -> None:
    """Refuses a bundle that agrees too little.

    Raises:
        ModelError: some text's vector differs by more than the precision explains.
    """
    if quality["cosine_min"] < LEAST_COSINE[precision]:
        bound = LEAST_COSINE[precision]
        raise ModelError(
            f"the export gives cosine {quality['cosine_min']:.6f} to the reference, not {bound} at least"
        )


def rank_agreement(vectors: Sequence[bytes], expected: Sequence[bytes]) -> float:
    """Mean share of nearest neighbours that are the same, 1.0 where all are."""
    most = min(_NEIGHBOURS, len(vectors) - 1)
    pairs = zip(_nearest(vectors, most), _nearest(expected, most), strict=True)
    return sum(len(got & want) for got, want in pairs) / (most * len(vectors))


def _nearest(vectors: Sequence[bytes], most: int) -> list[set[int]]:
    matrix = np.array([np.frombuffer(vector, dtype="<f4") for vector in vectors])
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    likeness = matrix @ matrix.T
    np.fill_diagonal(likeness, -np.inf)
    return [set(row) for row in np.argsort(-likeness, axis=1)[:, :most].tolist()]
