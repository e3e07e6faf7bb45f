"""What most people write first: FastAPI and sentence-transformers. `python naive.py MODEL PORT`."""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

app = FastAPI()
model = SentenceTransformer(sys.argv[1], device="cpu")


class Request(BaseModel):
    """The part of OpenAI's request that is read."""

    input: str


@app.post("/v1/embeddings")
def embed(request: Request) -> dict[str, object]:
    """Embed one text, in a thread of Starlette's pool."""
    vector = model.encode([request.input], show_progress_bar=False)[0]
    return {"data": [{"index": 0, "embedding": vector.tolist()}]}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
