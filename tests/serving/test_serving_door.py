"""Who is turned away before a request is parsed, and who is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from warmpool_serving.api.errors import CLIENT_GONE
from warmpool_serving.config import Settings
from warmpool_serving.embedded import EmbeddedModel
from warmpool_serving.names import Reject

NO_JSON = b"{" + b"x" * 200
TEXT = {"input": "some words of a text " * 10}


@asynccontextmanager
async def _serving(**settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, EmbeddedModel]]:
    usual = {"engine": "fake", "fake_service_ms": 1000, "container_concurrency": 1, "warmup_requests": 0}
    model = EmbeddedModel(Settings(**usual | settings))
    transport = httpx.ASGITransport(model.web.asgi)
    async with model, httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        yield client, model


async def _busy(client: httpx.AsyncClient, model: EmbeddedModel) -> "asyncio.Task[httpx.Response]":
    """Have one request computed, which takes a second."""
    first = asyncio.create_task(client.post("/v1/embeddings", json=TEXT))
    async with asyncio.timeout(10):
        while not model.report.snapshot().running:  # noqa: ASYNC110 - the batcher runs in a thread, without an event
            await asyncio.sleep(0.001)
    return first


class _Client:
    """Sends a body in parts, or goes away instead of the last one; counts what is taken of it."""

    def __init__(self, *parts: bytes, stays: bool = True) -> None:
        self._parts, self._stays, self.taken = list(parts), stays, 0

    async def receive(self) -> dict[str, Any]:
        if self.taken == len(self._parts):
            assert not self._stays, "asked for more than there is"
            return {"type": "http.disconnect"}
        self.taken += 1
        more = self.taken < len(self._parts) or not self._stays
        return {"type": "http.request", "body": self._parts[self.taken - 1], "more_body": more}

    async def post(self, model: EmbeddedModel) -> int:
        """Return the status of the answer."""
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/embeddings", "headers": []}
        await model.web.asgi(scope, self.receive, send)
        return int(told[0]["status"])


async def test_a_full_server_does_not_parse_what_it_refuses() -> None:
    async with _serving(max_queue=0) as (client, model):
        first = await _busy(client, model)
        openai = await client.post("/v1/embeddings", content=NO_JSON)
        native = await client.post("/embed", content=NO_JSON)
        assert (openai.status_code, native.status_code) == (429, 429)
        assert openai.json()["error"]["code"] == "overloaded"
        assert native.json()["error_type"] == "overloaded"
        assert int(openai.headers["retry-after"]) >= 1
        assert model.report.ledger.rejected[Reject.OVERLOADED] == 2
        assert (await client.get("/v1/models")).status_code == 200
        assert (await client.get("/v1/embeddings")).status_code == 405
        assert (await first).status_code == 200
        assert (await client.post("/v1/embeddings", content=NO_JSON)).status_code == 400


async def test_what_is_refused_is_read_to_its_end_but_not_beyond_the_limit() -> None:
    async with _serving(max_queue=0, max_body_bytes=1024) as (client, model):
        first = await _busy(client, model)
        whole, endless = _Client(b"{", b"x" * 100, b"y"), _Client(*[b"x" * 500] * 9)
        gone = _Client(b"{", stays=False)
        assert (await whole.post(model), whole.taken) == (429, 3)
        assert (await endless.post(model), endless.taken) == (429, 3)
        assert model.report.ledger.rejected[Reject.OVERLOADED] == 2
        assert await gone.post(model) == CLIENT_GONE
        assert model.report.ledger.rejected[Reject.OVERLOADED] == 2, "who went away was not refused"
        large = await client.post("/v1/embeddings", content=b"x" * 2000)
        assert large.status_code == 413, "it will never fit: coming back is of no use"
        assert (await first).status_code == 200


async def test_a_short_text_is_parsed_where_one_of_the_usual_length_has_no_room() -> None:
    async with _serving(latency_target_ms=100_000) as (client, model):
        first = await _busy(client, model)
        pipeline = model.web.pipeline
        assert pipeline is not None
        model.report.means = model.report.means.accepted(10**12)
        assert pipeline.refusal(0) is not None
        assert pipeline.refusal(10**6) is not None
        assert pipeline.refusal(40) is None
        assert (await first).status_code == 200


async def test_who_has_no_key_is_told_so_however_full_it_is() -> None:
    async with _serving(max_queue=0, api_key="a-key") as (client, model):
        client.headers["Authorization"] = "Bearer a-key"
        first = await _busy(client, model)
        answer = await client.post("/v1/embeddings", json=TEXT, headers={"Authorization": "Bearer another"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert (await client.post("/v1/embeddings", json=TEXT)).status_code == 429
        assert (await first).status_code == 200
