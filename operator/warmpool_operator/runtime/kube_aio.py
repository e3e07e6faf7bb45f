"""`KubeClient` on the official asynchronous client, `kubernetes.aio`.

Only the generic `ApiClient` is used: the typed API classes cost 29 MiB and a second of start-up,
and their models would drop fields of newer servers. Retries belong to the work queue, so none
happen in here, and a call that the server does not answer ends after `request_timeout`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
from kubernetes.aio.client.api_client import ApiClient

from warmpool_operator.runtime import errors
from warmpool_operator.runtime.kube import Manifest, Scale
from warmpool_operator.runtime.resources import ObjectRef, Resource

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
PAGE = 500

# Method, status code or "<error>" where no answer came (client-go's word), host.
RequestObserver = Callable[[str, str, str], None]


class AioKubeClient:
    """Calls one API server over kept-alive connections. Close it when done.

    Args:
        api: Configured transport; owned, and closed by `close`.
        request_timeout: Seconds for a whole call, from waiting for a connection to the last byte.
        on_request: Called after every request, for `rest_client_requests_total`.
    """

    def __init__(
        self, api: ApiClient, *, request_timeout: float = 10.0, on_request: RequestObserver | None = None
    ) -> None:
        self._api = api
        self._timeout = request_timeout
        self._on_request = on_request
        self.host = urlsplit(str(api.configuration.host)).netloc

    async def __aenter__(self) -> AioKubeClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections; calls in flight fail."""
        await self._api.close()  # type: ignore[no-untyped-call]

    async def get(self, ref: ObjectRef) -> Manifest | None:
        """See `KubeClient.get`."""
        try:
            return await self._call("GET", ref.path(), str(ref))
        except errors.NotFound as error:
            # A kind that is not served says nothing about its objects.
            if error.reason == errors.UNKNOWN_KIND:
                raise
            return None

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> list[Manifest]:
        """See `KubeClient.list`. A page token that expired under way starts over without pages."""
        items: list[Manifest] = []
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        wanted = {name: text for name, text in selectors.items() if text}
        query = {"limit": str(PAGE)} | wanted
        what = f"{resource.plural} in {namespace or 'all namespaces'}"
        while True:
            try:
                page = await self._call("GET", resource.path(namespace), what, query)
            except errors.KubeError as error:
                if error.status != 410 or "continue" not in query:
                    raise
                items = []
                query = dict(wanted)
                continue
            for item in page.get("items") or []:
                # Items of a list come without their type.
                items.append({"apiVersion": resource.api_version, "kind": resource.kind} | item)
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return items
            query["continue"] = token

    async def apply(
        self, resource: Resource, manifest: Manifest, *, manager: str, force: bool = True
    ) -> Manifest:
        """See `KubeClient.apply`."""
        return await self._apply(_ref(resource, manifest), manifest, "", manager, force)

    async def apply_status(self, resource: Resource, manifest: Manifest, *, manager: str) -> Manifest:
        """See `KubeClient.apply_status`."""
        return await self._apply(_ref(resource, manifest), manifest, "status", manager, True)

    async def get_scale(self, ref: ObjectRef) -> Scale | None:
        """See `KubeClient.get_scale`."""
        try:
            return _scale(await self._call("GET", ref.path("scale"), f"scale of {ref}"))
        except errors.NotFound as error:
            if error.reason == errors.UNKNOWN_KIND:
                raise
            return None

    async def set_scale(self, ref: ObjectRef, replicas: int, *, resource_version: str, manager: str) -> Scale:
        """See `KubeClient.set_scale`.

        An apply, because the API server (1.34) does not record who wrote `/scale` by PUT or merge
        patch unless someone applied it before; `managedFields` should tell who scaled.
        """
        body = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"namespace": ref.namespace, "name": ref.name, "resourceVersion": resource_version},
            "spec": {"replicas": replicas},
        }
        query = {"fieldManager": manager, "force": "true"}
        what = f"scale of {ref}"
        return _scale(await self._call("PATCH", ref.path("scale"), what, query, body, content_type=APPLY))

    async def delete(self, ref: ObjectRef, *, uid: str) -> bool:
        """See `KubeClient.delete`."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": "Background",
        }
        try:
            await self._call("DELETE", ref.path(), str(ref), body=options)
        except (errors.NotFound, errors.Conflict):
            return False
        return True

    async def merge_patch(self, ref: ObjectRef, patch: Manifest, *, manager: str) -> Manifest:
        """See `KubeClient.merge_patch`."""
        return await self._call(
            "PATCH", ref.path(), str(ref), {"fieldManager": manager}, patch, content_type=MERGE
        )

    async def create(
        self, resource: Resource, namespace: str, manifest: Manifest, *, manager: str
    ) -> Manifest:
        """See `KubeClient.create`."""
        name = (manifest.get("metadata") or {}).get("name", "")
        what = f"{resource.kind} {namespace}/{name}"
        return await self._call("POST", resource.path(namespace), what, {"fieldManager": manager}, manifest)

    async def replace(self, ref: ObjectRef, manifest: Manifest) -> Manifest:
        """See `KubeClient.replace`."""
        return await self._call("PUT", ref.path(), str(ref), body=manifest)

    async def through_proxy(self, ref: ObjectRef, path: str, query: Mapping[str, str]) -> Manifest:
        """See `KubeClient.through_proxy`."""
        return await self._call("GET", ref.path(f"proxy/{path}"), f"{path} of {ref}", dict(query))

    async def server_version(self) -> str:
        """See `KubeClient.server_version`."""
        return str((await self._call("GET", "/version", "version")).get("gitVersion", ""))

    async def _apply(
        self, ref: ObjectRef, manifest: Manifest, subresource: str, manager: str, force: bool
    ) -> Manifest:
        body = {"apiVersion": ref.resource.api_version, "kind": ref.resource.kind} | manifest
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        what = f"{subresource} of {ref}" if subresource else str(ref)
        return await self._call("PATCH", ref.path(subresource), what, query, body, content_type=APPLY)

    async def _call(
        self,
        method: str,
        path: str,
        what: str,
        query: dict[str, str] | None = None,
        body: Manifest | None = None,
        *,
        content_type: str = "application/json",
    ) -> Manifest:
        """One request. Raises the fitting `KubeError` for everything but a 2xx with a JSON object."""
        call = f"{method} {what}"
        code = "<error>"
        try:
            status, headers, data = await self._send(method, path, query, body, content_type)
            code = str(status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise errors.no_answer(call, error, self.host, self._timeout) from error
        finally:
            if self._on_request is not None:
                self._on_request(method, code, self.host)
        if not 200 <= status < 300:
            raise errors.from_response(call, status, headers, data)
        try:
            answer = json.loads(data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise errors.KubeError(
                status, "NotJson", f"{call}: {self.host} answered something that is not JSON"
            )
        return answer

    async def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None,
        body: Manifest | None,
        content_type: str,
    ) -> tuple[int, Any, bytes]:
        serialized = await self._api.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        answer = await self._api.call_api(*serialized, _request_timeout=timeout)
        response = cast("aiohttp.ClientResponse", answer.response)
        return response.status, response.headers, await response.read()


def _ref(resource: Resource, manifest: Manifest) -> ObjectRef:
    metadata = manifest.get("metadata") or {}
    if not metadata.get("name"):
        raise ValueError(f"a {resource.kind} to apply needs metadata.name")
    return ObjectRef(resource, metadata.get("namespace", ""), metadata["name"])


def _scale(answer: Manifest) -> Scale:
    spec, status = answer.get("spec") or {}, answer.get("status") or {}
    return Scale(
        replicas=spec.get("replicas", 0),
        resource_version=answer["metadata"]["resourceVersion"],
        current=status.get("replicas", 0),
        selector=status.get("selector", ""),
    )
