"""Metrics and probes over real HTTP."""

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from warmpool_operator.telemetry.metrics import OperatorMetrics
from warmpool_operator.telemetry.server import TelemetryServer


@pytest.fixture
async def server():
    registry = CollectorRegistry()
    OperatorMetrics(registry, version="1.2.3")
    server = TelemetryServer(registry, host="127.0.0.1", port=0)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def get(server):
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:

        async def get(path, **headers):
            async with session.get(path, headers=headers) as answer:
                return answer.status, answer.headers["Content-Type"], await answer.text()

        yield get


async def test_metrics_as_text(get):
    status, kind, text = await get("/metrics")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert 'warmpool_operator_build_info{python="' in text


async def test_metrics_as_openmetrics(get):
    status, kind, text = await get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert status == 200
    assert kind.startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_without_checks_all_is_well(get, path):
    status, _, text = await get(path)
    assert (status, text) == (200, "ok\n")


async def test_each_probe_has_its_own_checks(server, get):
    wrong = []
    server.add_liveness("loop", lambda: None)
    server.add_liveness("workers", lambda: wrong[0] if wrong else None)
    server.add_readiness("api", lambda: "not reached yet")
    assert await get("/healthz") == (200, "text/plain; charset=utf-8", "[+] loop: ok\n[+] workers: ok\n")
    wrong.append("one runs for 99 s")
    assert await get("/healthz") == (
        503,
        "text/plain; charset=utf-8",
        "[+] loop: ok\n[-] workers: one runs for 99 s\n",
    )
    status, _, text = await get("/readyz")
    assert (status, text) == (503, "[-] api: not reached yet\n")


async def test_a_broken_check_fails(server, get):
    server.add_liveness("loop", lambda: 1 / 0)
    status, _, text = await get("/healthz")
    assert status == 503
    assert "ZeroDivisionError" in text


async def test_nothing_else_is_there(get):
    assert (await get("/"))[0] == 404


async def test_a_taken_port_is_an_error(server):
    second = TelemetryServer(CollectorRegistry(), host="127.0.0.1", port=server.port)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()


async def test_stop_closes_the_port(server):
    port = server.port
    await server.stop()
    await server.stop()
    again = TelemetryServer(CollectorRegistry(), host="127.0.0.1", port=port)
    await again.start()
    await again.stop()


async def test_a_page_is_json_of_what_it_knows(server, get):
    def page(path, query):
        if "n" in query:
            return {"path": path, "n": int(query["n"])}
        return None

    server.add_page("things", page)
    status, kind, text = await get("/things/a/b?n=3")
    assert (status, text) == (200, '{"path": "a/b", "n": 3}')
    assert kind.startswith("application/json")
    assert (await get("/things/a/b"))[0] == 404
    status, _, text = await get("/things/a?n=three")
    assert status == 400
    assert "three" in text
    assert (await get("/others/a"))[0] == 404
