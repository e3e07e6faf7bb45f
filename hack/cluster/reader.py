"""Reads objects over one connection that stays open: kubectl takes 0.1 s to 0.25 s of CPU for each call.

Tests ask several times a second whether something has come to be, and two cores have better to do.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from hack.cluster.backend import ClusterError

_SECONDS = 30.0


@dataclass(frozen=True)
class Query:
    """What is read: a resource by any of its names, an object or all of them, where, and which.

    ``namespace`` is empty for all of them, and None where it was not said.
    """

    resource: str
    name: str = ""
    namespace: str | None = None
    labels: str = ""
    fields: str = ""
    managed_fields: bool = False

    @classmethod
    def of(cls, arguments: Sequence[str]) -> "Query | None":
        """The same as `kubectl get` with these arguments; None where they say something else."""
        values: dict[str, Any] = {}
        words: list[str] = []
        options = {"-n": "namespace", "-l": "labels", "--field-selector": "fields"}
        left = iter(arguments)
        for word in left:
            if word in options:
                values[options[word]] = next(left, None)
            elif word == "-A":
                values["namespace"] = ""
            elif word == "--show-managed-fields":
                values["managed_fields"] = True
            else:
                words.append(word)
        usual = 1 <= len(words) <= 2 and not set(words[0]) & set(",/.")
        if not usual or any(word.startswith("-") for word in words) or None in values.values():
            return None
        if len(words) > 1 and values.get("namespace") == "":
            return None
        name = words[1] if len(words) > 1 else ""
        return cls(words[0], name, **values)


@dataclass(frozen=True)
class _Resource:
    path: str
    plural: str
    namespaced: bool


class Reader:
    """Reads objects of the cluster that a kubeconfig names."""

    def __init__(self, kubeconfig: Path) -> None:
        """Connect when something is read."""
        self._kubeconfig = kubeconfig
        self._lock = threading.Lock()
        self._client: Any = None
        self._resources: dict[str, _Resource] = {}

    def read(self, query: Query) -> dict[str, Any] | None:
        """Return an object, or a list; None where kubectl knows more: other resources, the context's namespace.

        Raises:
            ClusterError: there is none, or the server does not answer; in kubectl's words.
        """
        found = self._resource(query.resource)
        if found is None or (found.namespaced and query.namespace is None):
            return None
        where = f"/namespaces/{query.namespace}" if found.namespaced and query.namespace else ""
        path = f"{found.path}{where}/{found.plural}" + (f"/{query.name}" if query.name else "")
        selectors = {"labelSelector": query.labels, "fieldSelector": query.fields}
        answer = self._ask(path, {key: value for key, value in selectors.items() if value})
        if not query.managed_fields:
            for each in answer.get("items", [answer]):
                each["metadata"].pop("managedFields", None)
        for each in answer.get("items", ()):
            # As kubectl does: the server names them once, for the list.
            each.update(kind=answer["kind"].removesuffix("List"), apiVersion=answer["apiVersion"])
        return answer | {"kind": "List", "apiVersion": "v1"} if "items" in answer else answer

    def _resource(self, given: str) -> _Resource | None:
        name = given.lower()
        with self._lock:
            if name not in self._resources:
                # A definition may have been added since.
                self._resources = dict(self._discover())
        return self._resources.get(name)

    def _discover(self) -> Iterator[tuple[str, _Resource]]:
        groups = [group["preferredVersion"]["groupVersion"] for group in self._ask("/apis", {})["groups"]]
        # The core group comes last, since the last one of a name counts.
        for path in (*(f"/apis/{group}" for group in reversed(groups)), "/api/v1"):
            try:
                listed = self._ask(path, {})["resources"]
            except ClusterError:
                # An aggregated API whose server is away.
                continue
            for each in listed:
                found = _Resource(path, each["name"], bool(each["namespaced"]))
                for name in (each["name"], each["singularName"], *each.get("shortNames", ())):
                    yield name, found

    def _ask(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        if self._client is None:
            from kubernetes import config  # noqa: PLC0415 - half a second that commands without reads do without

            connect: Callable[..., Any] = config.new_client_from_config
            self._client = connect(config_file=str(self._kubeconfig))
        settings = self._client.configuration
        token = settings.get_api_key_with_prefix("BearerToken", "authorization")
        try:
            answer = self._client.rest_client.pool_manager.request(
                "GET",
                settings.host + path,
                fields=parameters,
                headers={"Authorization": token} if token else {},
                timeout=_SECONDS,
            )
        except HTTPError as error:
            raise ClusterError(f"{settings.host} does not answer: {error}") from error
        if answer.status != 200:
            raise ClusterError(_told(answer.status, answer.data))
        body: dict[str, Any] = json.loads(answer.data)
        return body


def _told(status: int, content: bytes) -> str:
    try:
        body = json.loads(content)
        return f"Error from server ({body['reason']}): {body['message']}"
    except (ValueError, TypeError, KeyError):
        # Not the API server itself: an aggregated one, or a path that no longer is.
        return f"Error from server ({status}): {content[:200].decode(errors='replace')}"
