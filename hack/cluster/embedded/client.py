"""A small client of the API server, for what booting needs: questions and server-side apply.

kubectl would do, but each call of it costs a tenth of a second of a boot that takes ten.
"""

import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hack.cluster.backend import ClusterError
from hack.cluster.embedded.network import API_PORT, NODE_ADDRESS

_MANAGER = "warmpool-cluster"


class ApiClient:
    """Speaks to the embedded API server as its administrator."""

    def __init__(self, pki: Path, *, timeout: float = 5.0) -> None:
        """Use the administrator's certificate in this folder; `timeout` in seconds is for each request."""
        try:
            self._context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
            self._context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        except (OSError, ssl.SSLError) as error:
            raise ClusterError(f"no usable certificates in {pki}") from error
        self._timeout = timeout

    def get(self, path: str) -> str | None:
        """Body of a successful answer; None when the server does not answer or refuses."""
        try:
            status, body = self._request("GET", path)
        except (OSError, http.client.HTTPException):
            return None
        return body if status == 200 else None

    def get_json(self, path: str) -> dict[str, Any] | None:
        """Like `get`, decoded."""
        body = self.get(path)
        if body is None:
            return None
        decoded: dict[str, Any] = json.loads(body)
        return decoded

    def apply(self, path: str, manifest: Mapping[str, object]) -> None:
        """Server-side apply of one object.

        Args:
            path: Path of the object itself.
            manifest: The object.

        Raises:
            ClusterError: Refused; carries the server's message.
        """
        body = json.dumps(manifest)
        try:
            status, answer = self._request(
                "PATCH",
                f"{path}?fieldManager={quote(_MANAGER)}&force=true",
                body=body,
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
        except (OSError, http.client.HTTPException) as error:
            raise ClusterError(f"the API server does not answer: {error}") from error
        if status not in {200, 201}:
            raise ClusterError(f"applying {path}: {status} {answer[:500]}")

    def _request(
        self, method: str, path: str, *, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPSConnection(
            NODE_ADDRESS, API_PORT, timeout=self._timeout, context=self._context
        )
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
