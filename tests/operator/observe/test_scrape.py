"""Pods that answer badly: whatever one sends, the scraper says why there is no report, and raises nothing."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.scrape import MAX_BODY_BYTES, Failure, Scraper, Target

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
GOOD: dict[str, Any] = {
    "v": 1,
    "state": "Ready",
    "running": 3,
    "queued": 5,
    "oldestQueuedMs": 120,
    "accepted": 9123,
    "rejected": 17,
    "slots": 24,
    "serviceMsMean": 41,
}
BAD_BODIES = {
    "not JSON": b"<html>",
    "not an object": b"[1, 2]",
    "nested deeply": b"[" * 10_000,
    "endless": b" " * (MAX_BODY_BYTES + 1) + json.dumps(GOOD).encode(),
    "other version": json.dumps(GOOD | {"v": 2}).encode(),
    "infinite": json.dumps(GOOD | {"running": float("inf")}).encode(),
    "no number": json.dumps(GOOD | {"running": "many"}).encode(),
    "negative": json.dumps(GOOD | {"running": -5}).encode(),
    "beyond the status": json.dumps(GOOD | {"queued": 10**30}).encode(),
    "state is a list": json.dumps(GOOD | {"state": []}).encode(),
    "missing": json.dumps({"v": 1, "state": "Ready"}).encode(),
}


class Pod:
    """An admin port that answers as a test wants; `calls` are the paths that were asked for."""

    def __init__(self, answer: Handler) -> None:
        self._answer = answer
        self.calls: list[str] = []

    async def ask(self, question: Callable[[Scraper, Target], Awaitable[Any]]) -> Any:
        """Start, ask, stop."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as session:
            answer = await question(Scraper(session, now_ms=lambda: 7), Target("uid", "127.0.0.1", port))
        await runner.cleanup()
        return answer

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(request.path)
        return await self._answer(request)


def scraped(pod: Pod) -> Any:
    async def question(scraper: Scraper, target: Target) -> Any:
        return (await scraper.scrape([target]))["uid"]

    return asyncio.run(pod.ask(question))


def retired(pod: Pod) -> Any:
    return asyncio.run(pod.ask(lambda scraper, target: scraper.retire(target, token="t")))


def sending(body: bytes) -> Pod:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    return Pod(answer)


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_garbage_is_a_failure_of_format(body: bytes) -> None:
    assert scraped(sending(body)) is Failure.FORMAT


def test_an_answer_that_comes_in_pieces_is_read_to_its_end() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        text = json.dumps(GOOD).encode()
        for piece in (text[:40], text[40:]):
            await response.write(piece)
            await asyncio.sleep(0.02)
        return response

    report = scraped(Pod(answer))
    assert isinstance(report, LoadReport)
    assert (report.sample.running, report.sample.at_ms) == (3, 7)


@pytest.mark.parametrize("ask", [scraped, retired])
def test_no_pod_sends_the_operator_elsewhere(ask: Callable[[Pod], Any]) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/elsewhere":
            raise web.HTTPTemporaryRedirect("/elsewhere")
        return web.json_response(GOOD)

    pod = Pod(answer)
    assert ask(pod) in {Failure.STATUS, False}
    assert "/elsewhere" not in pod.calls
