"""The API client against a real API server: what server-side apply, /scale and preconditions really do."""

import asyncio
from typing import Any

import pytest

from warmpool_operator.runtime.errors import Conflict, Invalid, NotFound
from warmpool_operator.runtime.kube import Manifest, Scale
from warmpool_operator.runtime.kube_aio import AioKubeClient
from warmpool_operator.runtime.recorder import EventRecorder
from warmpool_operator.runtime.resources import DEPLOYMENTS, EVENTS, SERVICES, ObjectRef, Resource

STRUCTURE, SCALE = "warmpool-operator", "warmpool-operator-scale"


@pytest.fixture
def deployment(namespace: str) -> Manifest:
    """A Deployment without pods: nothing here needs one to run."""
    labels = {"app": "quiet"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": "quiet", "labels": labels},
        "spec": {
            "paused": True,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "none.invalid/none"}]},
            },
        },
    }


@pytest.fixture
def ref(namespace: str) -> ObjectRef:
    return ObjectRef(DEPLOYMENTS, namespace, "quiet")


def version(manifest: Manifest) -> str:
    return str(manifest["metadata"]["resourceVersion"])


def owned(manifest: Manifest) -> dict[tuple[str, str], set[str]]:
    """Top-level spec fields by manager and subresource."""
    owners: dict[tuple[str, str], set[str]] = {}
    for entry in manifest["metadata"]["managedFields"]:
        key = (entry["manager"], entry.get("subresource", ""))
        owners.setdefault(key, set()).update(entry["fieldsV1"].get("f:spec", {}))
    return owners


async def scaled(kube: AioKubeClient, ref: ObjectRef, replicas: int) -> Scale:
    """Reads and writes /scale until nobody wrote in between: the Deployment's controller writes status."""
    while True:
        scale = await kube.get_scale(ref)
        assert scale is not None
        try:
            return await kube.set_scale(ref, replicas, resource_version=scale.resource_version, manager=SCALE)
        except Conflict:
            continue


async def test_apply_creates_updates_and_leaves_alone(
    kube: AioKubeClient, deployment: Manifest, ref: ObjectRef
) -> None:
    assert await kube.get(ref) is None
    made = await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    again = await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    deployment["spec"]["minReadySeconds"] = 5
    changed = await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    del deployment["spec"]["minReadySeconds"]
    removed = await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    assert made["metadata"]["uid"] == removed["metadata"]["uid"]
    assert changed["spec"]["minReadySeconds"] == 5
    assert "minReadySeconds" not in removed["spec"]
    assert await kube.get(ref) is not None
    # The deployment controller writes its own status in between, so only the spec's generation is certain.
    assert made["metadata"]["generation"] == again["metadata"]["generation"] == 1
    assert removed["metadata"]["generation"] == 3


async def test_an_apply_that_changes_nothing_writes_nothing(kube: AioKubeClient, namespace: str) -> None:
    service = {
        "metadata": {"namespace": namespace, "name": "still"},
        "spec": {"selector": {"app": "quiet"}, "ports": [{"port": 80, "targetPort": "http"}]},
    }
    made = await kube.apply(SERVICES, service, manager=STRUCTURE)
    # Times in managedFields are whole seconds; a write would show after the next one.
    await asyncio.sleep(1.1)
    again = await kube.apply(SERVICES, service, manager=STRUCTURE)
    assert version(made) == version(again)


async def test_managers_share_an_object(kube: AioKubeClient, deployment: Manifest, ref: ObjectRef) -> None:
    await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    assert (await scaled(kube, ref, 3)).replicas == 3
    after = await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    assert after["spec"]["replicas"] == 3
    owners = owned(after)
    assert "f:replicas" not in owners[STRUCTURE, ""]
    assert owners[SCALE, "scale"] == {"f:replicas"}


async def test_scale_with_a_stale_version_is_a_conflict(
    kube: AioKubeClient, deployment: Manifest, ref: ObjectRef
) -> None:
    await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    before = await kube.get_scale(ref)
    assert before is not None
    await kube.merge_patch(ref, {"metadata": {"annotations": {"a": "b"}}}, manager="someone")
    with pytest.raises(Conflict, match="scale of Deployment"):
        await kube.set_scale(ref, 2, resource_version=before.resource_version, manager=SCALE)
    after = await kube.get_scale(ref)
    assert after is not None
    assert (after.replicas, after.selector) == (1, "app=quiet")
    assert (await scaled(kube, ref, 2)).replicas == 2
    assert (await scaled(kube, ref, 0)).replicas == 0


async def test_apply_without_force_meets_the_other_manager(kube: AioKubeClient, deployment: Manifest) -> None:
    await kube.apply(DEPLOYMENTS, deployment, manager="first")
    deployment["spec"]["paused"] = False
    with pytest.raises(Conflict, match=r'conflict with "first".*\.spec\.paused'):
        await kube.apply(DEPLOYMENTS, deployment, manager="second", force=False)
    forced = await kube.apply(DEPLOYMENTS, deployment, manager="second")
    assert "paused" not in forced["spec"]


async def test_apply_status(kube: AioKubeClient, deployment: Manifest, ref: ObjectRef) -> None:
    await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    condition = {"type": "Example", "status": "True", "reason": "Test", "message": "by hand"}
    metadata = {"namespace": ref.namespace, "name": ref.name}
    status = {"metadata": metadata, "status": {"conditions": [condition]}}
    applied = await kube.apply_status(DEPLOYMENTS, status, manager=STRUCTURE)
    assert condition.items() <= {c["type"]: c for c in applied["status"]["conditions"]}["Example"].items()
    assert (STRUCTURE, "status") in owned(applied)
    missing = {"metadata": {**metadata, "name": "missing"}, "status": {}}
    with pytest.raises(NotFound):
        await kube.apply_status(DEPLOYMENTS, missing, manager=STRUCTURE)
    assert await kube.get(ObjectRef(DEPLOYMENTS, ref.namespace, "missing")) is None


async def test_delete_asks_for_the_uid(kube: AioKubeClient, deployment: Manifest, ref: ObjectRef) -> None:
    made = await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    assert await kube.delete(ref, uid="00000000-0000-0000-0000-000000000000") is False
    assert await kube.get(ref) is not None
    assert await kube.delete(ref, uid=made["metadata"]["uid"]) is True
    async with asyncio.timeout(30):
        while await kube.get(ref) is not None:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)
    assert await kube.delete(ref, uid=made["metadata"]["uid"]) is False


async def test_what_is_absent(kube: AioKubeClient, deployment: Manifest, ref: ObjectRef) -> None:
    assert await kube.get_scale(ref) is None
    with pytest.raises(NotFound):
        await kube.set_scale(ref, 1, resource_version="1", manager=SCALE)
    deployment["metadata"]["namespace"] = "no-such-namespace"
    with pytest.raises(NotFound, match="no-such-namespace"):
        await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    unknown = Resource("warmpool.dev", "v0", "nothings", "Nothing")
    with pytest.raises(NotFound):
        await kube.list(unknown, None)
    with pytest.raises(NotFound) as caught:
        await kube.get(ObjectRef(unknown, ref.namespace, "x"))
    assert caught.value.reason == "UnknownKind"


async def test_invalid_is_said_in_the_servers_words(
    kube: AioKubeClient, deployment: Manifest, ref: ObjectRef
) -> None:
    await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    deployment["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    deployment["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    with pytest.raises(Invalid, match="field is immutable"):
        await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)


async def test_list_by_label_with_types(kube: AioKubeClient, deployment: Manifest, namespace: str) -> None:
    for name in ("a", "b"):
        deployment["metadata"]["name"] = name
        deployment["metadata"]["labels"] = {"app": "quiet", "part": name}
        await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    found = await kube.list(DEPLOYMENTS, namespace, labels="app=quiet,part in (b)")
    assert [(item["kind"], item["apiVersion"], item["metadata"]["name"]) for item in found] == [
        ("Deployment", "apps/v1", "b")
    ]
    assert len(await kube.list(DEPLOYMENTS, namespace)) == 2
    assert len(await kube.list(DEPLOYMENTS, None, labels="app=quiet")) >= 2


async def test_server_version(kube: AioKubeClient) -> None:
    assert (await kube.server_version()).startswith("v1.")


async def test_an_event_is_taken_and_found(kube: AioKubeClient, deployment: Manifest, namespace: str) -> None:
    made = await kube.apply(DEPLOYMENTS, deployment, manager=STRUCTURE)
    counted: list[str] = []
    recorder = EventRecorder(
        kube, controller="warmpool.dev/operator", instance="pod-1", on_event=counted.append
    )
    task = asyncio.create_task(recorder.run())
    recorder.event(made, type="Warning", reason="Example", note="in words", action="Test")
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert counted == ["sent"]
    events: list[dict[str, Any]] = [
        event for event in await kube.list(EVENTS, namespace) if event["reason"] == "Example"
    ]
    assert [(event["note"], event["regarding"]["uid"]) for event in events] == [
        ("in words", made["metadata"]["uid"])
    ]
