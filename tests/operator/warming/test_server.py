"""The port that everyone reaches: a real server, real connections."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from warmpool_operator.observe.cache import Key
from warmpool_operator.warming import server as module
from warmpool_operator.warming.desk import Desk, stand_for
from warmpool_operator.warming.server import WarmingServer

HOST = "127.0.0.1"


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    stand = stand_for(
        host="a.example", path="/", ready=False, p95_ms=3000, timeout_ms=60_000, keep_alive_ms=0
    )
    desk.attend(Key("ns", "a<b>"), stand)
    return desk


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
async def server(desk: Desk, told: list[tuple[str, str]]) -> AsyncIterator[WarmingServer]:
    server = WarmingServer(
        desk, port=0, host=HOST, now_ms=lambda: 0, on_refused=lambda *key: told.append(key)
    )
    await server.start()
    yield server
    await server.stop()


async def ask(
    server: WarmingServer,
    *,
    accept: str = "*/*",
    host: str = "a.example",
    method: str = "POST",
    request_id: str = "",
) -> aiohttp.ClientResponse:
    async with aiohttp.ClientSession() as session:
        url = f"http://{HOST}:{server.port}/v1/embeddings"
        headers = {"Host": host, "Accept": accept, "X-Request-ID": request_id}
        answer = await session.request(method, url, data=b"x", headers=headers)
        await answer.read()
        return answer


async def test_a_program_gets_json(server: WarmingServer, told: list[tuple[str, str]]) -> None:
    answer = await ask(server)
    assert (answer.status, answer.headers["Retry-After"], answer.content_type) == (
        503,
        "5",
        "application/json",
    )
    error = json.loads(await answer.text())["error"]
    assert (error["code"], error["retry_after"]) == ("model_warming", 5)
    assert answer.headers["Cache-Control"] == "no-store"
    assert told == [("ns", "a<b>")]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html;q=nonsense", "application/json"),
        ("", "application/json"),
    ],
)
async def test_a_person_gets_a_page(server: WarmingServer, accept: str, kind: str) -> None:
    answer = await ask(server, accept=accept, method="GET")
    assert answer.content_type == kind
    if kind == "text/html":
        text = await answer.text()
        assert 'http-equiv="refresh" content="5"' in text
        assert "a<b>" not in text


async def test_the_tries_of_one_request_count_once(
    server: WarmingServer, desk: Desk, told: list[tuple[str, str]]
) -> None:
    for request_id in ("a", "a", "b", "a", ""):
        assert (await ask(server, request_id=request_id)).status == 503
    assert len(told) == 3
    assert desk.held(Key("ns", "a<b>"), now_ms=0) == 3


async def test_nobody_knows_the_host(server: WarmingServer, told: list[tuple[str, str]]) -> None:
    answer = await ask(server, host="other.example")
    assert (answer.status, told) == (404, [])


async def test_one_connection_too_many_is_closed(
    server: WarmingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 2)
    idle = [await asyncio.open_connection(HOST, server.port) for _ in range(3)]
    assert await asyncio.wait_for(idle[2][0].read(), 5) == b""
    for _, writer in idle:
        writer.close()
        await writer.wait_closed()
    for _ in range(50):  # the server learns of a closed connection a moment later
        try:
            assert (await ask(server)).status == 503
            return
        except aiohttp.ClientError:
            await asyncio.sleep(0.05)
    raise AssertionError("the places of closed connections are not free again")


async def test_who_sends_nothing_is_cut_off(server: WarmingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTION_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection(HOST, server.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: a.exa")
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
