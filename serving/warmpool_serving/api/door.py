"""Who is turned away before a request is routed: without a key, or because there is no room.

Routing, parsing and tokenising what is then refused cost more than all else of a refusal, and under
a flood nearly every request is one.
"""

import hmac
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope

from warmpool_serving.api import errors
from warmpool_serving.api.replies import refusal
from warmpool_serving.names import ClientPath
from warmpool_serving.pipeline import Pipeline
from warmpool_serving.report import Report

_OPEN: Final = frozenset({ClientPath.HEALTH, ClientPath.OIP_LIVE, ClientPath.OIP_READY})
_COMPUTING: Final = frozenset({ClientPath.EMBEDDINGS, ClientPath.EMBED, ClientPath.ROOT})


class Door:
    """The key of the settings, if there is one, and the room that the pipeline has left."""

    def __init__(self, api_key: str, report: Report) -> None:
        self._key = f"Bearer {api_key}".encode() if api_key else b""
        self._report = report

    async def turns_away(
        self, scope: Scope, path: str, receive: Receive, pipeline: Pipeline | None
    ) -> Response | None:
        """The answer to a request that comes no further; None for all others."""
        if (
            self._key
            and path not in _OPEN
            and not hmac.compare_digest(_header(scope, b"authorization"), self._key)
        ):
            return refusal(errors.unauthorised(), path)
        if pipeline is None or path not in _COMPUTING or scope["method"] != "POST":
            return None
        full = pipeline.refusal(int(_header(scope, b"content-length") or 0))
        if full is None:
            return None
        # Read before it is refused: a connection that is closed with bytes unread is reset, and the client may
        # never see the answer.
        while (await receive()).get("more_body"):
            pass
        self._report.ledger.rejected[full.reason] += 1
        return refusal(errors.refused(full), path)


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")
