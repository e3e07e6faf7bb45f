"""The client against a real HTTP server on loopback: open loop, one deadline, honest records."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from bench.load.client import Settings, parse_retry_after, replay
from bench.load.destination import ForeignDestinationError, check_destination
from bench.load.payload import embeddings, text
from bench.load.record import CONNECTION, DEADLINE
from bench.load.schedule import Send, constant

Handler = Callable[[web.Request], Awaitable[web.Response]]
Serve = Callable[[Handler], Awaitable[str]]
BODY = embeddings("m")


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_post("/", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}/"

    yield start
    for runner in runners:
        await runner.cleanup()


async def test_a_slow_server_does_not_slow_the_client_down(serve: Serve) -> None:
    """A closed loop, or a limit on connections, would never have 50 requests open at once."""
    open_now = peak = 0
    everyone_is_here = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        nonlocal open_now, peak
        open_now += 1
        peak = max(peak, open_now)
        if open_now == 50:
            everyone_is_here.set()
        await everyone_is_here.wait()
        return web.Response()

    run = await replay(constant(500, 0.1), Settings(url=await serve(handler), deadline=20), body=BODY)
    assert peak == 50
    assert [record.status for record in run.records] == [200] * 50


async def test_a_schedule_waits_for_its_beginning() -> None:
    begin, nobody = time.time() + 0.3, Settings(url="http://127.0.0.1:9/")
    run = await replay([Send(0.0, 1)], nobody, body=BODY, begin=begin)
    assert run.started == pytest.approx(begin, abs=0.05)
    assert (await replay([], nobody, body=BODY, begin=begin - 100)).started > begin, "one that is over is now"


async def test_latency_counts_from_the_intended_moment(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async def hold_the_loop() -> None:
        await asyncio.sleep(0.1)
        time.sleep(0.5)  # noqa: ASYNC251 - the client is to be late

    settings = Settings(url=await serve(handler))
    run, _ = await asyncio.gather(replay((Send(0.3),), settings, body=BODY), hold_the_loop())
    (record,) = run.records
    assert record.lag > 0.1
    assert record.latency >= record.lag


async def test_records_follow_the_schedule_and_carry_what_was_sent(serve: Serve) -> None:
    seen: list[int] = []

    async def handler(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        seen.append(len(body["input"].split()))
        return web.Response(status=200 if len(seen) != 2 else 500, text=str(len(seen)))

    answers: list[bytes] = []
    run = await replay(
        (Send(0.0, 5), Send(0.2, 9), Send(0.4, 7)),
        Settings(url=await serve(handler)),
        body=BODY,
        on_record=lambda record, body: answers.append(body),
    )
    assert seen == [5, 9, 7]
    assert answers == [b"1", b"2", b"3"]
    assert [(record.intended, record.tokens, record.status) for record in run.records] == [
        (0.0, 5, 200),
        (0.2, 9, 500),
        (0.4, 7, 200),
    ]
    assert all(record.finished >= record.sent >= record.intended for record in run.records)


async def test_the_deadline_ends_a_request(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    run = await replay((Send(0.0),), Settings(url=await serve(handler), deadline=0.2), body=BODY)
    (record,) = run.records
    assert (record.status, record.error) == (0, DEADLINE)
    assert record.latency >= 0.2


async def test_nobody_there_is_a_record_and_not_an_exception() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        run = await replay((Send(0.0),), Settings(url=f"http://127.0.0.1:{port}/"), body=BODY)
    assert [(record.status, record.error) for record in run.records] == [(0, CONNECTION)]


async def test_a_cut_connection_is_a_record(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    run = await replay((Send(0.0),), Settings(url=await serve(handler)), body=BODY)
    assert [record.error for record in run.records] == [CONNECTION]


@pytest.mark.parametrize(
    ("max_attempts", "deadline", "header", "status", "attempts"),
    [
        (1, 10, "0.1", 429, 1),
        (2, 10, "0.1", 429, 2),
        (3, 10, "0.1", 200, 3),
        (9, 10, "0", 200, 3),
        (9, 1, "5", 429, 1),
        (9, 0.5, "nonsense", 429, 1),
    ],
)
async def test_retries_wait_as_asked_and_end_with_the_deadline(
    serve: Serve, max_attempts: int, deadline: float, header: str, status: int, attempts: int
) -> None:
    times: list[float] = []

    async def handler(request: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        if len(times) < 3:
            return web.Response(status=429, headers={"Retry-After": header})
        return web.Response()

    settings = Settings(url=await serve(handler), deadline=deadline, max_attempts=max_attempts)
    (record,) = (await replay((Send(0.0),), settings, body=BODY)).records
    assert (record.status, record.attempts, len(times)) == (status, attempts, attempts)
    if attempts > 1 and header == "0.1":
        assert times[1] - times[0] >= 0.1


@pytest.mark.parametrize(("reuse", "connections"), [(True, 1), (False, 3)])
async def test_connections_are_kept_or_not_as_it_is_told(serve: Serve, reuse: bool, connections: int) -> None:
    peers = set()

    async def handler(request: web.Request) -> web.Response:
        peers.add(request.transport.get_extra_info("peername") if request.transport else None)
        return web.Response()

    settings = Settings(url=await serve(handler), reuse_connections=reuse)
    await replay(tuple(Send(0.2 * number) for number in range(3)), settings, body=BODY)
    assert len(peers) == connections


async def test_a_redirect_does_not_lead_load_elsewhere(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "http://192.0.2.1/"})

    run = await replay((Send(0.0),), Settings(url=await serve(handler), deadline=2), body=BODY)
    assert [record.status for record in run.records] == [307]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/x",
        "http://127.9.9.9/",
        "http://localhost/",
        "http://[::1]:81/",
        "http://10.96.3.4/",
        "http://10.244.3.255:8080/",
        "http://10.200.0.1/",
    ],
)
def test_the_test_system_is_a_destination(url: str) -> None:
    assert str(check_destination(url)) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/",
        "http://10.97.0.1/",
        "http://10.200.0.2/",
        "http://0.0.0.0/",
        "http://example.org/",
        "http://127.0.0.1.example.org/",
        "http://localhost.example.org/",
        "http://127.0.0.1@192.0.2.1/",
        "http://[::ffff:192.0.2.1]/",
    ],
)
async def test_everything_else_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ForeignDestinationError, match="--allow-any"):
        await replay((Send(0.0),), Settings(url=url), body=BODY)
    assert str(check_destination(url, allow_any=True))


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://127.0.0.1/", "http:///x", ""])
def test_what_is_no_address_is_refused_even_then(url: str) -> None:
    with pytest.raises(ValueError, match="no http"):
        check_destination(url, allow_any=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (None, None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value) == seconds


def test_texts_have_their_length_and_differ() -> None:
    assert len(text(40, seed=1).split()) == 40
    assert len({text(12, seed=seed) for seed in range(200)}) == 200
    assert text(12, seed=3) == text(12, seed=3)
    assert text(0, seed=1)
