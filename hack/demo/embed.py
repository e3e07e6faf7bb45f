"""Embeds a few sentences and shows which are alike: the shortest proof that a real model answers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from hack.cluster import ClusterError

PAIRS = (
    ("The train to the coast leaves at seven.", "When does the railway to the seaside depart?"),
    ("She planted tomatoes behind the house.", "Their garden is full of vegetables."),
    ("The pod was evicted because the node ran out of memory.", "Kubernetes killed a container of ours."),
    ("Interest rates were raised by the central bank.", "Borrowing money has become more expensive."),
)
"""Two sentences each that say much the same in other words."""
SENTENCES = tuple(sentence for pair in PAIRS for sentence in pair)
ALIKE = 0.35
"""Cosine from which the table calls two sentences alike."""
TRIES = 5

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Embedded:
    """Cosines of every sentence with every other, and where they came from."""

    cosines: Matrix
    dimensions: int
    seconds: float


async def embed(base_url: str, model: str, sentences: Sequence[str] = SENTENCES) -> Embedded:
    """Embed sentences in one request.

    Raises:
        ClusterError: the server does not answer, or with something that is no list of embeddings.
    """
    url = f"{base_url}/v1/embeddings"
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        for _ in range(TRIES):
            begin = loop.time()
            try:
                async with session.post(url, json={"model": model, "input": list(sentences)}) as response:
                    text = await response.text()
                    if response.status == 200:
                        vectors = _vectors(await response.json(), len(sentences))
                        return Embedded(cosines(vectors), vectors.shape[1], loop.time() - begin)
                    said = f"status {response.status}: {text[:300]}"
            except (aiohttp.ClientError, TimeoutError) as error:
                said = str(error) or type(error).__name__
            await asyncio.sleep(1)
    raise ClusterError(f"the model does not answer at {url}: {said}")


def cosines(vectors: Matrix) -> Matrix:
    """Return the cosine of each row with each other; shape (n, d) to (n, n)."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    product: Matrix = unit @ unit.T
    return product


def check_pairs(matrix: Matrix) -> None:
    """Check that each sentence is nearest to the one that says the same.

    Raises:
        ClusterError: one is not: then the model computes, but wrongly.
    """
    others = matrix - 2 * np.eye(len(matrix))
    for index, nearest in enumerate(others.argmax(axis=1)):
        if nearest != index ^ 1:
            raise ClusterError(
                f"the model answers, but wrongly: it finds {SENTENCES[index]!r} most like {SENTENCES[nearest]!r}"
            )


def table(matrix: Matrix) -> Table:
    """Return the cosines as a table, those that are alike in bold."""
    shown = Table(box=None, padding=(0, 1), show_edge=False)
    shown.add_column("", justify="right", style="dim")
    shown.add_column("sentence")
    for number in range(1, len(matrix) + 1):
        shown.add_column(str(number), justify="right")
    for number, (sentence, row) in enumerate(zip(SENTENCES, matrix, strict=True), start=1):
        cells = [_cell(value, own=column == number) for column, value in enumerate(row, start=1)]
        shown.add_row(str(number), sentence, *cells)
    return shown


def _cell(value: float, *, own: bool) -> Text:
    if own:
        return Text("·", style="dim")
    return Text(f"{value:.2f}", style="bold green" if value >= ALIKE else "dim")


def _vectors(answer: object, expected: int) -> Matrix:
    try:
        rows = sorted(answer["data"], key=lambda row: row["index"])  # type: ignore[index]
        vectors: Matrix = np.asarray([row["embedding"] for row in rows], dtype=np.float64)
        if vectors.shape[0] == expected and vectors.ndim == 2 and np.isfinite(vectors).all():
            return vectors
    except (KeyError, TypeError, ValueError):
        pass
    raise ClusterError(f"the model's answer is no list of {expected} embeddings: {str(answer)[:200]}")
