"""Fake time for what waits, and a real HTTP server for what talks."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from warmpool_operator.runtime.kube_aio import AioKubeClient


class _InstantSelector(selectors.DefaultSelector):
    """Moves the loop's clock instead of waiting."""

    loop: "FakeTimeLoop"

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("deadlock: every task waits and no timer is set")
            self.loop.now += timeout
        return ready


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """An event loop in which hours take milliseconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        selector = _InstantSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def in_fake_time() -> Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]:
    """Runs a coroutine function in a fresh loop with fake time."""

    def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        with asyncio.Runner(loop_factory=FakeTimeLoop) as runner:
            return runner.run(main())

    return run


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: Any


@dataclass
class FaultyServer:
    """A real HTTP server that answers what a test says."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.seen.append(Seen(request.method, request.path, dict(request.query), request.headers, body))
        assert self.answer is not None
        return await self.answer(request)

    def answers(self, status: int, body: Any = None, **headers: str) -> None:
        async def answer(_: web.Request) -> web.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.json_response(body if body is not None else {}, status=status, headers=named)

        self.answer = answer


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    faulty = FaultyServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", faulty.handle)
    # Cancellation ends the handlers that never answer once their client has given up.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    faulty.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield faulty
    await runner.cleanup()


@pytest.fixture
async def requests() -> list[tuple[str, str, str]]:
    return []


@pytest.fixture
async def client(server: FaultyServer, requests: list[tuple[str, str, str]]) -> AsyncIterator[AioKubeClient]:
    api = ApiClient(Configuration(host=server.url))
    async with AioKubeClient(
        api, request_timeout=0.3, on_request=lambda *request: requests.append(request)
    ) as kube:
        yield kube
