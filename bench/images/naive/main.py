"""What a first model server looks like: the model is loaded at import, healthy means that the process listens."""

from typing import Any

from fastapi import FastAPI
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("/app/model")
app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    """Answer that the process is there."""
    return {"status": "ok"}


@app.post("/embed")
def embed(body: dict[str, Any]) -> list[list[float]]:
    """Compute embeddings."""
    vectors: list[list[float]] = model.encode(body["inputs"]).tolist()
    return vectors
