"""BentoML and sentence-transformers. `bentoml serve bento:Embedding` with MODEL in the environment."""

import os

import bentoml
import numpy
from sentence_transformers import SentenceTransformer


@bentoml.service(workers=1, traffic={"timeout": 120})
class Embedding:
    """Adaptive batching with the defaults, but for the size."""

    def __init__(self) -> None:
        self.model = SentenceTransformer(os.environ["MODEL"], device="cpu")

    @bentoml.api(batchable=True, max_batch_size=32, route="/v1/embeddings")
    def embed(self, input: list[str]) -> numpy.ndarray:  # noqa: A002 - the name is the field of the body
        """Embed a batch."""
        return self.model.encode(input, batch_size=32, show_progress_bar=False)
