"""What can go wrong between the API client and its server, each with the error that it is."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from tests.operator.runtime.refusals import MANIFEST, REF, status
from warmpool_operator.runtime import errors
from warmpool_operator.runtime.kube_aio import AioKubeClient
from warmpool_operator.runtime.resources import DEPLOYMENTS


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, errors.Invalid),
        (401, errors.Forbidden),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (413, errors.KubeError),
        (422, errors.Invalid),
        (408, errors.Transient),
        (429, errors.Transient),
        (500, errors.Transient),
        (503, errors.Transient),
    ],
)
async def test_each_answer_has_its_error(server, client, code, kind):
    server.answers(code, status(code, "SomeReason", "in plain words", name="minilm"))
    with pytest.raises(errors.KubeError) as caught:
        await client.apply(DEPLOYMENTS, MANIFEST, manager="m")
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.reason) == (code, "SomeReason")
    assert str(caught.value).startswith("PATCH Deployment team/minilm: ")
    assert "in plain words" in caught.value.message


async def test_a_manifest_of_the_wrong_shape_is_not_retried(server, client):
    words = "failed to create typed patch object (team/minilm): .spec: expected map, got &{nonsense}"
    server.answers(500, status(500, "InternalError", words))
    with pytest.raises(errors.Invalid, match="expected map"):
        await client.apply(DEPLOYMENTS, MANIFEST, manager="m")


async def test_retry_after_as_seconds(server, client):
    server.answers(429, status(429, "TooManyRequests", "slow down"), Retry_After="7")
    with pytest.raises(errors.Transient) as caught:
        await client.get(REF)
    assert caught.value.retry_after == 7


async def test_retry_after_as_a_date(server, client):
    when = datetime.now(UTC) + timedelta(hours=1)
    server.answers(503, Retry_After=format_datetime(when, usegmt=True))
    with pytest.raises(errors.Transient) as caught:
        await client.get(REF)
    assert 3500 < caught.value.retry_after <= 3600


@pytest.mark.parametrize(
    ("details", "wanted"), [({"retryAfterSeconds": 3}, 3.0), ({"retryAfterSeconds": 0}, None), ({}, None)]
)
async def test_retry_after_in_the_body(server, client, details, wanted):
    server.answers(500, status(500, "InternalError", "etcd", **details), Retry_After="soon")
    with pytest.raises(errors.Transient) as caught:
        await client.get(REF)
    assert caught.value.retry_after == wanted


async def test_a_black_hole_is_a_time_out(server, client, requests):
    async def never(_):
        await asyncio.sleep(60)

    server.answer = never
    with pytest.raises(
        errors.Transient, match=r"GET Deployment team/minilm: no answer from .* within 0.3 s"
    ) as caught:
        await client.get(REF)
    assert (caught.value.status, caught.value.reason) == (0, "Timeout")
    assert requests == [("GET", "<error>", client.host)]


async def test_an_answer_that_stops_half_way_is_a_time_out(server, client):
    async def half(request):
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"metadata":')
        await asyncio.sleep(60)

    server.answer = half
    with pytest.raises(errors.Transient) as caught:
        await client.get(REF)
    assert caught.value.reason == "Timeout"


async def test_a_connection_cut_off_is_transient(server, client):
    async def cut(request):
        request.transport.abort()
        return web.Response()

    server.answer = cut
    with pytest.raises(errors.Transient) as caught:
        await client.apply(DEPLOYMENTS, MANIFEST, manager="m")
    assert caught.value.reason == "ConnectionFailed"
    assert len(server.seen) == 1


async def test_no_server_is_transient(unused_tcp_port):
    async with AioKubeClient(ApiClient(Configuration(host=f"http://127.0.0.1:{unused_tcp_port}"))) as client:
        with pytest.raises(errors.Transient, match=f"no connection to 127.0.0.1:{unused_tcp_port}"):
            await client.get(REF)


async def test_something_else_answers(server, client):
    async def portal(_):
        return web.Response(text="<html>please log in</html>", content_type="text/html")

    server.answer = portal
    with pytest.raises(errors.KubeError, match="not JSON"):
        await client.get(REF)


async def test_a_proxy_that_refuses_in_plain_text(server, client):
    async def refuse(_):
        return web.Response(status=502, text="bad gateway")

    server.answer = refuse
    with pytest.raises(errors.Transient, match="bad gateway"):
        await client.get(REF)
