"""Answers as JSON, errors in the shape that the clients of their path read."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from warmpool_serving.api import codec
from warmpool_serving.api.errors import ApiError
from warmpool_serving.names import ClientPath

_NATIVE_PATHS: Final = frozenset({ClientPath.EMBED, ClientPath.ROOT, ClientPath.INFO})


def reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """An answer."""
    return Response(codec.dumps(body), status, headers, media_type="application/json")


def refusal(problem: ApiError, path: str) -> Response:
    """An error, for a client of ``path``."""
    body = problem.native() if path in _NATIVE_PATHS else problem.openai()
    return reply(problem.status, body, problem.headers())
