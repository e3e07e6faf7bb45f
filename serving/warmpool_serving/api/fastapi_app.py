"""The client port as a FastAPI application: the handlers of `web`, described by the models in `schemas`.

For programs that mount the model server, and the source of the OpenAPI document. Invariant: a
request is read and checked by the same handler as in the serving process, with its limits and its
errors; FastAPI adds the description, its documentation pages, and what the host hangs around it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from warmpool_serving import __version__
from warmpool_serving.api import schemas
from warmpool_serving.api.web import MAX_TIMEOUT_MS, WebApp
from warmpool_serving.names import ClientPath, Header

_TIMEOUT: Final = {
    "name": Header.REQUEST_TIMEOUT_MS,
    "in": "header",
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_TIMEOUT_MS},
    "description": "Milliseconds after which nobody waits for the answer any longer; it is then not computed.",
}
_MODEL: Final = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
_FAILURES: Final = {
    400: "The request is wrong; the message says how.",
    401: "No valid key.",
    404: "No such model is served.",
    413: "Too many bytes, texts or tokens; the message says which.",
    422: "The request is wrong; the message says how.",
    429: "As much is waiting as can be answered in time; Retry-After says when to come back.",
    500: "The model failed on this request.",
    503: "Starting or shutting down.",
    504: f"The time limit in {Header.REQUEST_TIMEOUT_MS} passed.",
}
_RETRY_AFTER: Final = {
    "Retry-After": {"description": "Whole seconds.", "schema": {"type": "integer", "minimum": 1}},
    "Retry-After-Ms": {"description": "Milliseconds.", "schema": {"type": "integer", "minimum": 1}},
}
_COMPUTING: Final = (400, 401, 413, 429, 500, 503, 504)
_OPENAI: Final[dict[int, Any]] = dict.fromkeys(_COMPUTING, schemas.OpenAIError)
_NATIVE: Final[dict[int, Any]] = dict.fromkeys((*_COMPUTING, 422), schemas.NativeError)
_KEY: Final[dict[int, Any]] = {401: schemas.OpenAIError}


class _Operation(NamedTuple):
    """What one method of one path takes and answers; ``errors`` maps codes to models."""

    name: str
    about: str
    answer: Any
    errors: dict[int, Any]
    body: type[BaseModel] | None = None
    parameters: tuple[Any, ...] = ()


_EMBED: Final = (list[schemas.Vector], _NATIVE, schemas.EmbedRequest, (_TIMEOUT,))
_OPERATIONS: Final = {
    ("POST", ClientPath.EMBEDDINGS): _Operation(
        "createEmbedding", "Embed texts as OpenAI's API does", schemas.EmbeddingAnswer, _OPENAI,
        schemas.EmbeddingRequest, (_TIMEOUT,),
    ),
    ("POST", ClientPath.EMBED): _Operation("embed", "Embed texts", *_EMBED),
    ("POST", ClientPath.ROOT): _Operation("embedAtRoot", "Embed texts", *_EMBED),
    ("GET", ClientPath.MODELS): _Operation("listModels", "The one model", schemas.ModelList, _KEY),
    ("GET", ClientPath.INFO): _Operation(
        "info", "What is served, and its limits", schemas.Info, {401: schemas.NativeError}
    ),
    ("GET", ClientPath.HEALTH): _Operation(
        "health", "Whether the server is ready", schemas.Ready, {503: schemas.Ready}
    ),
    ("GET", ClientPath.OIP_LIVE): _Operation("live", "Whether the server is live", schemas.Live, {}),
    ("GET", ClientPath.OIP_READY): _Operation(
        "ready", "Whether the server is ready", schemas.Ready, {503: schemas.Ready}
    ),
    ("GET", ClientPath.OIP_MODEL_READY): _Operation(
        "modelReady", "Whether the model is ready", schemas.Ready,
        _KEY | {404: schemas.NotServed, 503: schemas.Ready}, None, (_MODEL,),
    ),
}  # fmt: skip


def create_app(web: WebApp) -> FastAPI:
    """A FastAPI application that answers exactly as ``web.asgi`` does; mount it, or serve it alone.

    The API key of the settings, if there is one, also guards the documentation pages.
    """
    app = FastAPI(
        title="warmpool model server",
        version=__version__,
        description="Embeddings from one model, in the shapes of two APIs.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    for key, handler in web.handlers.items():
        _add(app, key, _OPERATIONS[key], handler)
    app.add_middleware(_Counting, web=web)
    return app


class _Counting:
    """The accounting of `WebApp` as a middleware."""

    def __init__(self, app: Any, web: WebApp) -> None:
        self._app, self._counted = app, web.counting(app)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await (self._counted if scope["type"] == "http" else self._app)(scope, receive, send)


def _add(
    app: FastAPI,
    key: tuple[str, str],
    operation: _Operation,
    handler: Callable[[Request], Awaitable[Response]],
) -> None:
    # A parameter of the function would be a second check, by FastAPI, before the body's size is known
    # and with errors that no client of these APIs reads. So the handler takes the request alone.
    async def endpoint(request: Request) -> Response:
        return await handler(request)

    method, path = key
    described: dict[str, Any] = {"parameters": list(operation.parameters)} if operation.parameters else {}
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body.model_json_schema()}}
        described["requestBody"] = {"required": True, "content": content}
    app.add_api_route(
        path,
        endpoint,
        methods=[method],
        operation_id=operation.name,
        summary=operation.about,
        response_model=None,
        responses=_responses(operation),
        openapi_extra=described,
    )


def _responses(operation: _Operation) -> dict[int | str, dict[str, Any]]:
    computes = operation.body is not None
    about = "Vectors, in the order of the texts." if computes else operation.about
    answers: dict[int | str, dict[str, Any]] = {200: {"model": operation.answer, "description": about}}
    for code, model in sorted(operation.errors.items()):
        headers = {"headers": _RETRY_AFTER} if computes and code in (429, 503) else {}
        answers[code] = {"model": model, "description": _FAILURES[code], **headers}
    return answers
