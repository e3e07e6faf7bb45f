"""Embeddings: one request, cosines, and an error in words where the model answers nonsense."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
from aiohttp import web
from rich.console import Console

from hack.cluster import ClusterError
from hack.demo import embed
from hack.demo.embed import SENTENCES, check_pairs, cosines, table
from hack.demo.route import reachable

Reply = Callable[[web.Request], Awaitable[web.Response]]
Serve = Callable[[Reply], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(handler: Reply) -> str:
        app = web.Application()
        app.router.add_post("/v1/embeddings", handler)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    yield start
    for runner in runners:
        await runner.cleanup()


def paired() -> np.ndarray:
    """Vectors of which each two neighbours are alike and no others are."""
    chance = np.random.default_rng(0)
    axes = np.repeat(np.eye(4, 12), 2, axis=0)
    return axes + 0.1 * chance.standard_normal(axes.shape)


async def test_sentences_become_cosines_in_their_own_order(serve: Serve) -> None:
    vectors = paired()
    asked: list[dict[str, object]] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(json.loads(await request.read()))
        rows = [{"index": index, "embedding": list(row)} for index, row in enumerate(vectors)]
        return web.json_response({"data": rows[::-1]})

    embedded = await embed.embed(await serve(handler), "minilm")
    assert asked == [{"model": "minilm", "input": list(SENTENCES)}]
    assert embedded.dimensions == 12
    assert np.allclose(embedded.cosines, cosines(vectors))
    assert np.allclose(np.diag(embedded.cosines), 1)
    check_pairs(embedded.cosines)


async def test_a_refusal_is_asked_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal answers
        answers += 1
        if answers == 1:
            return web.Response(status=429)
        return web.json_response({"data": [{"index": 0, "embedding": [1.0, 0.0]}]})

    embedded = await embed.embed(await serve(handler), "m", ["one"])
    assert answers == 2
    assert embedded.cosines.shape == (1, 1)


@pytest.mark.parametrize(
    "answer",
    [{}, [], {"data": []}, {"data": [{"index": 0, "embedding": [float("nan"), 1.0]}]}, {"data": [1]}],
)
async def test_an_answer_of_another_shape_is_an_error_in_words(serve: Serve, answer: object) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response(text=json.dumps(answer))

    with pytest.raises(ClusterError, match="no list of 1 embeddings"):
        await embed.embed(await serve(handler), "m", ["one"])


async def test_a_server_that_fails_is_quoted(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=500, text="out of coffee")

    monkeypatch.setattr(embed, "TRIES", 1)
    with pytest.raises(ClusterError, match="status 500: out of coffee"):
        await embed.embed(await serve(handler), "m", ["one"])


def test_wrong_neighbours_are_found() -> None:
    vectors = paired()
    check_pairs(cosines(vectors))
    swapped = vectors[[0, 2, 1, 3, 4, 5, 6, 7]]
    with pytest.raises(ClusterError, match="answers, but wrongly"):
        check_pairs(cosines(swapped))


def test_the_table_has_every_sentence_and_no_cosine_with_itself() -> None:
    file = io.StringIO()
    Console(file=file, width=160).print(table(cosines(paired())))
    text = file.getvalue()
    assert all(sentence in text for sentence in SENTENCES)
    assert text.count("·") == len(SENTENCES)


async def test_reachable(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    port = int((await serve(handler)).rsplit(":", 1)[1])
    assert reachable("127.0.0.1", port)
    assert not reachable("127.0.0.1", 1)
