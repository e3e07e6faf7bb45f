"""What most people write first: FastAPI and sentence-transformers. `python naive.py MODEL PORT`."""

import os
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

app = FastAPI()
model = SentenceTransformer(sys.argv[1], device=os.environ.get("DEVICE", "cpu"))


class Request(BaseModel):
    """The part of OpenAI's request that is read."""

    input: str | list[str]


@app.post("/v1/embeddings")
def embed(request: Request) -> dict[str, object]:
    """Embed texts, in a thread of Starlette's pool."""
    texts = [request.input] if isinstance(request.input, str) else request.input
    vectors = model.encode(texts, show_progress_bar=False)
    return {"data": [{"index": index, "embedding": each.tolist()} for index, each in enumerate(vectors)]}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
