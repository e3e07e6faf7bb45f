"""A cluster in memory that sees every call of a reconcile, and can fail it."""

import copy
from collections.abc import Callable
from typing import Any

from warmpool_operator.observe.cache import Key
from warmpool_operator.runtime.kube import Scale
from warmpool_operator.runtime.resources import ObjectRef, Resource

KEY = Key("ns", "pool")
NOW = 1_700_000_000_000
Manifest = dict[str, Any]
SPEC: Manifest = {
    "model": {"name": "m", "source": {"baked": {}}},
    "server": {"image": "some/image:1"},
    "scaling": {"maxReplicas": 3},
}


class Cluster:
    """Objects in memory behind the calls of a `KubeClient`; `before` sees every call and may raise."""

    def __init__(self) -> None:
        metadata = {"namespace": "ns", "name": "pool", "uid": "u", "generation": 1, "resourceVersion": "1"}
        self.objects: dict[str, Manifest] = {
            "WarmModelPool": {"kind": "WarmModelPool", "metadata": metadata, "spec": SPEC}
        }
        self.before: Callable[[str, str], None] = lambda verb, kind: None
        self.others: dict[str, list[Manifest]] = {}
        self.status: Manifest = {}
        self._version = 1

    async def get(self, ref: ObjectRef) -> Manifest | None:
        self.before("get", ref.resource.kind)
        return copy.deepcopy(self.objects.get(ref.resource.kind))

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> list[Manifest]:
        self.before("list", resource.kind)
        return copy.deepcopy(self.others.get(resource.kind, []))

    async def apply(
        self, resource: Resource, manifest: Manifest, *, manager: str, force: bool = True
    ) -> Manifest:
        self.before("apply", resource.kind)
        self._version += 1
        stored = copy.deepcopy(manifest)
        stored["metadata"] |= {"uid": f"uid-{resource.kind}", "resourceVersion": str(self._version)}
        if resource.kind == "Deployment":
            stored["spec"].setdefault("replicas", 1)
        self.objects[resource.kind] = stored
        return copy.deepcopy(stored)

    async def apply_status(self, resource: Resource, manifest: Manifest, *, manager: str) -> Manifest:
        self.before("apply_status", resource.kind)
        self.status = manifest["status"]
        return manifest

    async def get_scale(self, ref: ObjectRef) -> Scale | None:
        return Scale(self.objects["Deployment"]["spec"]["replicas"], "1")

    async def set_scale(self, ref: ObjectRef, replicas: int, *, resource_version: str, manager: str) -> Scale:
        self.before("set_scale", ref.resource.kind)
        self.objects["Deployment"]["spec"]["replicas"] = replicas
        return Scale(replicas, "2")

    async def delete(self, ref: ObjectRef, *, uid: str) -> bool:
        return self.objects.pop(ref.resource.kind, None) is not None

    def condition(self, kind: str) -> Manifest:
        return next((each for each in self.status.get("conditions", []) if each["type"] == kind), {})


class Silent:
    """A recorder that records nothing."""

    def event(self, regarding: Manifest, **_: Any) -> None:
        pass
