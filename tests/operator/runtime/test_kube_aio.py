"""The API client against a real HTTP server: what it asks, and what it reads from the answers."""

import pytest
from aiohttp import web

from tests.operator.runtime.refusals import MANIFEST, REF, status
from warmpool_operator.runtime import errors
from warmpool_operator.runtime.kube import KubeClient, Scale
from warmpool_operator.runtime.kube_aio import AioKubeClient
from warmpool_operator.runtime.resources import DEPLOYMENTS, LEASES, PODS, ObjectRef

PATH = "/apis/apps/v1/namespaces/team/deployments/minilm"


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


async def test_requests_are_counted_by_code(server, client, requests):
    server.answers(200, {})
    await client.get(REF)
    server.answers(404, status(404, "NotFound", "not found", name="minilm"))
    await client.get(REF)
    assert requests == [("GET", "200", client.host), ("GET", "404", client.host)]
