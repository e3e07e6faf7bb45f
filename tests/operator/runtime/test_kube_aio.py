"""The API client against a real HTTP server that misbehaves on demand."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from warmpool_operator.runtime import errors
from warmpool_operator.runtime.kube import KubeClient, Scale
from warmpool_operator.runtime.kube_aio import AioKubeClient
from warmpool_operator.runtime.resources import DEPLOYMENTS, LEASES, PODS, ObjectRef

REF = ObjectRef(DEPLOYMENTS, "team", "minilm")
PATH = "/apis/apps/v1/namespaces/team/deployments/minilm"
MANIFEST = {"metadata": {"namespace": "team", "name": "minilm"}, "spec": {"paused": True}}


def status(code, reason, message, **details):
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


def test_fits_the_protocol():
    fits: type[KubeClient] = AioKubeClient
    assert fits


async def test_apply_names_its_manager_and_type(server, client):
    server.answers(200, {"metadata": {"name": "minilm"}})
    await client.apply(DEPLOYMENTS, MANIFEST, manager="warmpool-operator")
    call = server.seen[0]
    assert (call.method, call.path) == ("PATCH", PATH)
    assert call.headers["Content-Type"] == "application/apply-patch+yaml"
    assert call.query == {"fieldManager": "warmpool-operator", "force": "true"}
    assert call.body == {"apiVersion": "apps/v1", "kind": "Deployment", **MANIFEST}


async def test_apply_without_force(server, client):
    server.answers(409, status(409, "Conflict", 'conflict with "kubectl": .spec.replicas'))
    with pytest.raises(errors.Conflict, match=r"PATCH Deployment team/minilm: conflict \(409\).*kubectl"):
        await client.apply(DEPLOYMENTS, MANIFEST, manager="m", force=False)
    assert server.seen[0].query["force"] == "false"


async def test_apply_status_goes_to_the_subresource(server, client):
    server.answers(200, {"metadata": {}})
    await client.apply_status(DEPLOYMENTS, MANIFEST, manager="m")
    assert server.seen[0].path == PATH + "/status"


async def test_apply_needs_a_name(client):
    with pytest.raises(ValueError, match=r"Deployment.*metadata\.name"):
        await client.apply(DEPLOYMENTS, {"metadata": {"namespace": "team"}}, manager="m")


async def test_absence_is_a_value(server, client):
    server.answers(404, status(404, "NotFound", "not found", name="minilm", kind="deployments"))
    assert await client.get(REF) is None
    assert await client.get_scale(REF) is None
    assert await client.delete(REF, uid="u") is False


async def test_a_kind_that_is_not_served_does_not_make_its_objects_absent(server, client):
    async def page_not_found(_):
        return web.Response(status=404, text="404 page not found\n")

    server.answer = page_not_found
    for read in (client.get, client.get_scale):
        with pytest.raises(errors.NotFound) as caught:
            await read(REF)
        assert caught.value.reason == "UnknownKind"


async def test_absence_is_an_error_where_the_object_is_needed(server, client):
    server.answers(404, status(404, "NotFound", 'namespaces "team" not found'))
    with pytest.raises(errors.NotFound, match="namespaces"):
        await client.apply(DEPLOYMENTS, MANIFEST, manager="m")
    with pytest.raises(errors.NotFound):
        await client.set_scale(REF, 3, resource_version="1", manager="m")


async def test_list_reads_all_pages_and_fills_in_the_type(server, client):
    async def pages(request):
        if "continue" not in request.query:
            return web.json_response({"metadata": {"continue": "t"}, "items": [{"metadata": {"name": "a"}}]})
        return web.json_response({"metadata": {}, "items": [{"metadata": {"name": "b"}}]})

    server.answer = pages
    pods = await client.list(PODS, "team", labels="app=x,tier in (a,b)")
    assert [pod["metadata"]["name"] for pod in pods] == ["a", "b"]
    assert all((pod["apiVersion"], pod["kind"]) == ("v1", "Pod") for pod in pods)
    assert [call.query.get("continue") for call in server.seen] == [None, "t"]
    assert {call.query["labelSelector"] for call in server.seen} == {"app=x,tier in (a,b)"}
    assert server.seen[0].path == "/api/v1/namespaces/team/pods"


async def test_list_starts_over_when_its_page_token_expired(server, client):
    async def pages(request):
        if "continue" in request.query:
            return web.json_response(status(410, "Expired", "too old"), status=410)
        if "limit" in request.query:
            return web.json_response(
                {"metadata": {"continue": "t"}, "items": [{"metadata": {"name": "old"}}]}
            )
        return web.json_response({"metadata": {}, "items": [{"metadata": {"name": "new"}}]})

    server.answer = pages
    assert [pod["metadata"]["name"] for pod in await client.list(PODS, None)] == ["new"]
    assert server.seen[0].path == "/api/v1/pods"


async def test_scale_is_guarded_by_its_version(server, client):
    server.answers(
        200,
        {
            "metadata": {"resourceVersion": "8"},
            "spec": {"replicas": 5},
            "status": {"replicas": 3, "selector": "app=x"},
        },
    )
    scale = await client.set_scale(REF, 5, resource_version="7", manager="warmpool-operator-scale")
    assert scale == Scale(replicas=5, resource_version="8", current=3, selector="app=x")
    assert server.seen[0].path == PATH + "/scale"
    assert server.seen[0].headers["Content-Type"] == "application/apply-patch+yaml"
    assert server.seen[0].body == {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"namespace": "team", "name": "minilm", "resourceVersion": "7"},
        "spec": {"replicas": 5},
    }
    assert server.seen[0].query == {"fieldManager": "warmpool-operator-scale", "force": "true"}


async def test_a_scale_of_zero_has_no_fields(server, client):
    server.answers(200, {"metadata": {"resourceVersion": "8"}, "spec": {}, "status": {}})
    assert await client.get_scale(REF) == Scale(replicas=0, resource_version="8")


async def test_delete_spares_another_object_of_the_same_name(server, client):
    server.answers(409, status(409, "Conflict", "Precondition failed: UID in precondition: u"))
    assert await client.delete(REF, uid="u") is False
    assert server.seen[0].body["preconditions"] == {"uid": "u"}
    assert server.seen[0].body["propagationPolicy"] == "Background"


async def test_create_replace_patch_and_version(server, client):
    server.answers(200, {"gitVersion": "v1.34.1"})
    await client.create(LEASES, "ops", {"metadata": {"name": "lock"}}, manager="m")
    await client.replace(ObjectRef(LEASES, "ops", "lock"), {"metadata": {"resourceVersion": "1"}})
    await client.merge_patch(
        ObjectRef(PODS, "team", "p"), {"metadata": {"annotations": {"a": None}}}, manager="m"
    )
    assert await client.server_version() == "v1.34.1"
    assert [(call.method, call.path) for call in server.seen] == [
        ("POST", "/apis/coordination.k8s.io/v1/namespaces/ops/leases"),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/ops/leases/lock"),
        ("PATCH", "/api/v1/namespaces/team/pods/p"),
        ("GET", "/version"),
    ]
    assert server.seen[2].body == {"metadata": {"annotations": {"a": None}}}


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


async def test_requests_are_counted_by_code(server, client, requests):
    server.answers(200, {})
    await client.get(REF)
    server.answers(404, status(404, "NotFound", "not found", name="minilm"))
    await client.get(REF)
    assert requests == [("GET", "200", client.host), ("GET", "404", client.host)]
