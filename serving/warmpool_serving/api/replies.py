"""Answers as JSON, errors in the shape that the clients of their path read."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from warmpool_serving.api import codec
from warmpool_serving.api.errors import ApiError
from warmpool_serving.names import ClientPath

_NATIVE_PATHS: Final = frozenset({ClientPath.EMBED, ClientPath.ROOT, ClientPath.INFO})


def reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """An answer."""
    return Response(codec.dumps(body), status, headers, media_type="application/json")


def refusal(problem: ApiError, path: str) -> ASGIApp:
    """An error, for a client of ``path``; cheap, since under a flood nearly every answer is one.

    Only how to come back differs from one refusal to the next.
    """
    shape = problem.message, problem.kind, problem.code, problem.param
    body = _body(*shape, native=path in _NATIVE_PATHS)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers().items()),
    ]

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


@lru_cache(maxsize=32)
def _body(message: str, kind: str, code: str | None, param: str | None, *, native: bool) -> bytes:
    problem = ApiError(0, message, kind, code, param)
    return codec.dumps(problem.native() if native else problem.openai())
