"""LitServe and sentence-transformers. `python lit.py MODEL PORT`."""

import os
import sys

import litserve
from sentence_transformers import SentenceTransformer


class Embedding(litserve.LitAPI):
    """Batches of at most 32 texts, formed within 5 ms."""

    def setup(self, device: str) -> None:
        """Load the model."""
        self.model = SentenceTransformer(sys.argv[1], device=device)

    def decode_request(self, request: dict[str, str]) -> str:
        """Return the text."""
        return request["input"]

    def predict(self, texts: list[str]) -> object:
        """Embed a batch."""
        return self.model.encode(texts, batch_size=32, show_progress_bar=False)

    def unbatch(self, output: object) -> object:
        """Return one vector after the other."""
        return list(output)

    def encode_response(self, output: object) -> dict[str, object]:
        """Return the body of an answer."""
        return {"data": [{"index": 0, "embedding": output.tolist()}]}


if __name__ == "__main__":
    api = Embedding(max_batch_size=32, batch_timeout=0.005, api_path="/v1/embeddings")
    server = litserve.LitServer(
        api, accelerator=os.environ.get("DEVICE", "cpu"), workers_per_device=1, timeout=120
    )
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
