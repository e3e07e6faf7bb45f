"""Who is turned away before a request is routed: without a key, or because there is no room.

Routing, parsing and tokenising what is then refused cost more than all else of a refusal, and under
a flood nearly every request is one.
"""

import hmac
from typing import Final

from starlette.types import ASGIApp, Receive, Scope

from warmpool_serving.api import errors
from warmpool_serving.api.replies import refusal
from warmpool_serving.config import Settings
from warmpool_serving.names import ClientPath
from warmpool_serving.pipeline import Pipeline
from warmpool_serving.report import Report

_OPEN: Final = frozenset({ClientPath.HEALTH, ClientPath.OIP_LIVE, ClientPath.OIP_READY})
_COMPUTING: Final = frozenset({ClientPath.EMBEDDINGS, ClientPath.EMBED, ClientPath.ROOT})


class Door:
    """The key, if there is one, and the room that the pipeline has left."""

    def __init__(self, settings: Settings, report: Report) -> None:
        self._key = f"Bearer {settings.api_key}".encode() if settings.api_key else b""
        self._most, self._report = settings.max_body_bytes, report

    async def turns_away(
        self, scope: Scope, path: str, receive: Receive, pipeline: Pipeline | None
    ) -> ASGIApp | None:
        """The answer to a request that comes no further; None for all others."""
        if (
            self._key
            and path not in _OPEN
            and not hmac.compare_digest(_header(scope, b"authorization"), self._key)
        ):
            return refusal(errors.unauthorised(), path)
        if pipeline is None or path not in _COMPUTING or scope["method"] != "POST":
            return None
        size = int(_header(scope, b"content-length") or 0)
        full = pipeline.refusal(size)
        # What is too large will never fit, and is told so further in.
        if full is None or size > self._most:
            return None
        if not await self._read(receive):
            return refusal(errors.gone(), path)
        self._report.ledger.rejected[full.reason] += 1
        return refusal(errors.refused(full), path)

    async def _read(self, receive: Receive) -> bool:
        """Read a body, as much as is allowed; False if its client went away.

        A connection that is closed with bytes unread is reset, and the client may never see the answer.
        """
        size = 0
        while size <= self._most:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        return True


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")
