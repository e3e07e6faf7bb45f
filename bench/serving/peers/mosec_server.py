"""mosec and sentence-transformers. `python mosec_server.py --port PORT` with MODEL in the environment."""

import os

from mosec import Server, Worker
from sentence_transformers import SentenceTransformer


class Embedding(Worker):
    """Batches of at most 32 texts, formed within 10 ms, which is the default."""

    def __init__(self) -> None:
        self.model = SentenceTransformer(os.environ["MODEL"], device=os.environ.get("DEVICE", "cpu"))

    def forward(self, data: list[dict[str, str]]) -> list[dict[str, object]]:
        """Embed a batch."""
        vectors = self.model.encode([item["input"] for item in data], batch_size=32, show_progress_bar=False)
        return [{"data": [{"index": 0, "embedding": vector.tolist()}]} for vector in vectors]


if __name__ == "__main__":
    server = Server()
    server.append_worker(Embedding, num=1, max_batch_size=32, max_wait_time=10)
    server.run()
