"""The FastAPI application, mounted into another one: same answers, same limits, same counts."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from warmpool_serving.api import web
from warmpool_serving.api.fastapi_app import create_app
from warmpool_serving.config import Settings
from warmpool_serving.embedded import EmbeddedModel
from warmpool_serving.names import Outcome, State


@asynccontextmanager
async def _mounted(prefix: str = "/models", **settings: Any) -> AsyncIterator[tuple[Any, EmbeddedModel]]:
    model = EmbeddedModel(Settings(engine="fake", fake_service_ms=0, **settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with model:
            yield

    host = FastAPI(lifespan=lifespan)
    host.mount(prefix, create_app(model.web))
    transport = httpx.ASGITransport(host)
    async with httpx.AsyncClient(transport=transport, base_url="http://host" + prefix) as client:
        early = await client.post("/v1/embeddings", json={"input": "x"})
        assert (early.status_code, early.headers["retry-after"]) == (503, "2")
        async with host.router.lifespan_context(host):
            yield client, model


async def test_every_shape_is_answered_under_a_prefix() -> None:
    async with _mounted() as (client, model):
        plain = await client.post("/v1/embeddings", json={"input": ["one two", "three"]})
        native = await client.post("/embed", json={"inputs": ["one two", "three"]})
        assert [item["embedding"] for item in plain.json()["data"]] == native.json()
        assert (await client.get("/v1/models")).json()["data"][0]["id"] == "fake"
        assert (await client.get("/v2/health/ready")).json() == {"name": "fake", "ready": True}
        assert (await client.get("/v2/models/other/ready")).status_code == 404
        assert (await client.get("/docs")).status_code == 200
        assert model.report.ledger.finished[Outcome.OK] == 2
        assert 'code="200",route="/v1/embeddings"} 1.0' in model.metrics.text().decode()
    assert model.report.lifecycle.state is State.STOPPED


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/v1/embeddings", b"{", 400, {"type": "invalid_request_error"}),
        ("/v1/embeddings", b'{"input": [1, 2]}', 400, {"code": "token_ids_not_supported"}),
        ("/v1/embeddings", b'{"input": "%s"}' % (b"x" * 2000), 413, {"code": "body_too_large"}),
        (
            "/embed",
            b'{"inputs": ""}',
            422,
            "inputs must be a string or a list of strings, none of them empty.",
        ),
    ],
)
async def test_errors_have_the_shape_of_each_client(path: str, body: bytes, status: int, error: Any) -> None:
    async with _mounted(max_body_bytes=1024) as (client, _):
        answer = await client.post(path, content=body)
        assert answer.status_code == status
        said = answer.json()["error"]
        assert said == error if isinstance(error, str) else error.items() <= said.items()


async def test_the_key_is_asked_for_under_a_prefix() -> None:
    model = EmbeddedModel(Settings(engine="fake", api_key="a-client-key"))
    host = FastAPI()
    host.mount("/models", create_app(model.web))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(host), base_url="http://host/models"
    ) as client:
        assert (await client.get("/v1/models")).status_code == 401
        assert (await client.get("/v1/models", headers={"authorization": "Bearer a-client-key"})).is_success
        assert (await client.get("/v2/health/live")).status_code == 200


def test_every_route_is_described_and_the_other_way_round() -> None:
    model = EmbeddedModel(Settings(engine="fake"))
    paths = create_app(model.web).openapi()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == set(model.web.handlers)


def test_the_serving_process_imports_neither_fastapi_nor_pydantic() -> None:
    code = "import sys, warmpool_serving.app, warmpool_serving.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"fastapi", "pydantic", "pydantic_core"} & set(done.stdout.split())
    assert web.DOCUMENT.is_file()
