"""SIGTERM in every phase, and that nobody who was accepted is lost."""

import asyncio
import concurrent.futures
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

TOKEN = "a-token-of-the-pool"
Fake = Callable[..., Any]
Until = Callable[..., None]


@pytest.mark.parametrize("state", ["Starting", "Loading", "Warming"])
def test_sigterm_before_ready_ends_at_once(fake: Fake, state: str) -> None:
    server = fake(
        fake_load_seconds=0 if state == "Warming" else 30, fake_service_ms=10_000 if state == "Warming" else 1
    )
    server.ports()
    if state != "Starting":
        server.wait_state(state)
    began = time.monotonic()
    server.signal()
    assert server.end(10) == 0
    assert time.monotonic() - began < 5
    assert server.log[-1]["message"] == "stopping before ready"


def test_an_idle_server_ends_with_code_0(fake: Fake) -> None:
    server = fake().until_ready()
    server.signal()
    assert server.end() == 0
    assert server.message("drained")["abandoned"] == 0


def test_while_propagating_it_is_unready_and_answers(fake: Fake) -> None:
    server = fake(drain_propagation_seconds=60).until_ready()
    with httpx.Client(verify=False, timeout=10) as client:
        assert client.post(server.url("/v1/embeddings"), json={"input": "x"}).status_code == 200
        server.signal()
        server.wait_state("Draining")
        assert server.admin("/health/ready").status_code == 503
        assert server.admin("/health/live").status_code == 200
        assert server.admin("/internal/drain", "DELETE", token=TOKEN).status_code == 409
        kept = client.post(server.url("/v1/embeddings"), json={"input": "x"})
        assert (kept.status_code, kept.headers["connection"]) == (200, "close")
    assert server.embed().status_code == 200
    server.signal()
    assert server.end() == 0


def test_a_second_signal_skips_the_wait(fake: Fake) -> None:
    server = fake(drain_propagation_seconds=60).until_ready()
    server.signal()
    server.wait_state("Draining")
    began = time.monotonic()
    server.signal()
    assert server.end() == 0
    assert time.monotonic() - began < 5


def test_a_process_that_was_just_retired_still_waits(fake: Fake) -> None:
    server = fake(drain_propagation_seconds=0.5).until_ready()
    assert server.admin("/internal/drain", "POST", token=TOKEN).json() == {"state": "Draining"}
    server.signal()
    assert server.end() == 0
    assert server.message("draining")["acceptSeconds"] == 0.5


def test_what_is_accepted_is_finished(fake: Fake, until: Until) -> None:
    settings = {"container_concurrency": 1, "fake_service_ms": 300, "warmup_requests": 0}
    server = fake(latency_target_ms=60_000, **settings).until_ready()
    codes = _during_sigterm(server, requests=4, until=until)
    assert codes == [200] * 4
    assert server.end() == 0
    assert server.message("drained")["abandoned"] == 0


def test_what_cannot_be_finished_is_told(fake: Fake, until: Until) -> None:
    settings = {"container_concurrency": 1, "fake_service_ms": 800, "drain_timeout_seconds": 0.3}
    server = fake(latency_target_ms=60_000, warmup_requests=0, **settings).until_ready()
    codes = _during_sigterm(server, requests=3, until=until)
    assert codes == [503] * 3
    assert server.end() == 0
    assert server.message("drained")["abandoned"] == 3


def _during_sigterm(server: Any, *, requests: int, until: Until) -> list[int]:
    with concurrent.futures.ThreadPoolExecutor(requests) as pool:
        posts = [pool.submit(server.embed) for _ in range(requests)]
        until(lambda: server.load()["running"] + server.load()["queued"] == requests)
        server.signal(signal.SIGTERM)
        return [item.result().status_code for item in posts]


async def test_no_client_is_reset_when_the_server_ends(fake: Fake) -> None:
    server = fake(container_concurrency=8, fake_service_ms=20, drain_propagation_seconds=1).until_ready()
    ending = asyncio.Event()
    seen: Counter[str] = Counter()
    clients = [
        asyncio.create_task(_client(server.url("/v1/embeddings"), ending, seen, keep=i % 2 == 0))
        for i in range(64)
    ]
    while seen["200"] < 200:  # noqa: ASYNC110 - the clients count for themselves
        await asyncio.sleep(0.01)
    server.signal()
    code = await asyncio.to_thread(server.end)
    ending.set()
    await asyncio.gather(*clients)
    assert code == 0
    assert seen["200"] > 200
    assert set(seen) <= {"200", "429", "503", "refused"}
    assert server.message("drained")["abandoned"] == 0


async def _client(url: str, ending: asyncio.Event, seen: Counter[str], *, keep: bool) -> None:
    limits = httpx.Limits(max_keepalive_connections=1 if keep else 0)
    async with httpx.AsyncClient(verify=False, timeout=20, limits=limits) as client:
        while not ending.is_set():
            try:
                seen[str((await client.post(url, json={"input": "x"})).status_code)] += 1
            except httpx.ConnectError:
                seen["refused"] += 1
                return
            except httpx.HTTPError as error:
                seen[type(error).__name__] += 1
                return
