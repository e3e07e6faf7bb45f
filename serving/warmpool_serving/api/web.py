"""The ASGI application of the client port: routes, limits, errors, and what is counted.

Starlette without FastAPI: importing FastAPI and its pydantic models costs more than importing
everything else that serves (docs/adr/0003-starlette-in-the-serving-process.md). The same handlers as
a FastAPI application, described by models, are in `fastapi_app`.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warmpool_serving import __version__
from warmpool_serving.api import codec, errors, native, openai
from warmpool_serving.api.door import Door
from warmpool_serving.api.errors import ApiError, bad_request
from warmpool_serving.api.replies import reply
from warmpool_serving.config import Settings
from warmpool_serving.engines.base import Engine, Manifest
from warmpool_serving.metrics import Metrics
from warmpool_serving.names import ClientPath, Header, Reject
from warmpool_serving.pipeline import Embedded, EndedError, Pipeline, RefusedError, TooLongError
from warmpool_serving.report import Report

_STARTING_RETRY_SECONDS: Final = 2.0
_DRAINING_RETRY_SECONDS: Final = 1.0
MAX_TIMEOUT_MS: Final = 3_600_000
DOCUMENT: Final = Path(__file__).with_name("openapi.json")
"""What `openapi_document` derived from the FastAPI application."""

Handler = Callable[[Request], Awaitable[Response]]


class WebApp:
    """Routes and the state they share; `asgi` is what a server runs."""

    def __init__(self, settings: Settings, engine: Engine, report: Report, metrics: Metrics) -> None:
        self._settings, self._engine, self._report, self._metrics = settings, engine, report, metrics
        self._created = int(time.time())
        self._door = Door(settings, report)
        self.pipeline: Pipeline | None = None
        self.active = 0
        self.refusing = False
        no_route = dict.fromkeys((404, 405), _no_such_route)
        self._counted = self.counting(Starlette(routes=self._routes(), exception_handlers=no_route))

    @property
    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """What answers each method and path that a client may rely on."""
        embed = self._guard(self._native, ApiError.native)
        return {
            ("POST", ClientPath.EMBEDDINGS): self._guard(self._openai, ApiError.openai),
            ("POST", ClientPath.EMBED): embed,
            ("POST", ClientPath.ROOT): embed,
            ("GET", ClientPath.MODELS): self._models,
            ("GET", ClientPath.INFO): self._info,
            ("GET", ClientPath.HEALTH): self._ready,
            ("GET", ClientPath.OIP_LIVE): self._live,
            ("GET", ClientPath.OIP_READY): self._ready,
            ("GET", ClientPath.OIP_MODEL_READY): self._ready,
        }

    def _routes(self) -> list[Route]:
        routes = [Route(path, handler, methods=[method]) for (method, path), handler in self.handlers.items()]
        return [*routes, Route(ClientPath.OPENAPI, self._openapi, methods=["GET"])]

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The whole client port."""
        await self._counted(scope, receive, send)

    def counting(self, app: ASGIApp) -> ASGIApp:
        """Counts, authorises, and closes connections while draining, around ``app``."""

        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._count(app, scope, receive, send)

        return counting

    async def _count(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        # A mounted application finds the prefix it is mounted at in the path.
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        began, status = time.monotonic(), errors.CLIENT_GONE

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._report.lifecycle.leaving:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        self.active += 1
        try:
            open_to = None if self.refusing else self.pipeline
            answer = await self._door.turns_away(scope, path, receive, open_to) or app
            await answer(scope, receive, counted)
        finally:
            self.active -= 1
            self._metrics.answered(path, status, time.monotonic() - began)

    @property
    def _manifest(self) -> Manifest:
        return self._engine.manifest

    @property
    def _name(self) -> str:
        return self._settings.model_name or self._manifest.name

    def _guard(
        self, handler: Callable[[Request], Awaitable[Any]], shape: Callable[[ApiError], Any]
    ) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                return reply(200, await handler(request))
            except RefusedError as error:
                self._report.ledger.rejected[error.reason] += 1
                problem = errors.refused(error)
            except EndedError as error:
                problem = errors.ended(error)
            except TooLongError as error:
                problem = bad_request(str(error), status=413, code="too_many_tokens")
            except ClientDisconnect:
                problem = errors.gone()
            except ApiError as error:
                problem = error
            return reply(problem.status, shape(problem), problem.headers())

        return guarded

    async def _openai(self, request: Request) -> dict[str, Any]:
        body, pipeline = await self._body(request), self._open_pipeline()
        wanted = openai.parse(body, self._manifest, max_inputs=self._settings.max_inputs)
        result = await self._embed(pipeline, request, wanted.texts)
        full, normalized = self._manifest.dims, self._manifest.normalized
        return openai.render(wanted, result, model=self._name, normalized=normalized, full=full)

    async def _native(self, request: Request) -> list[Any]:
        body, pipeline = await self._body(request), self._open_pipeline()
        wanted = native.parse(body, self._manifest, max_inputs=self._settings.max_inputs)
        result = await self._embed(pipeline, request, wanted.texts, truncate=wanted.truncate)
        return native.render(wanted, result, self._manifest)

    def _open_pipeline(self) -> Pipeline:
        if self.refusing:
            raise RefusedError(Reject.DRAINING, _DRAINING_RETRY_SECONDS)
        if self.pipeline is None:
            raise RefusedError(Reject.NOT_READY, _STARTING_RETRY_SECONDS)
        return self.pipeline

    async def _embed(
        self, pipeline: Pipeline, request: Request, texts: Any, *, truncate: bool = True
    ) -> Embedded:
        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        return await pipeline.embed(texts, gone=gone, seconds=_timeout(request), truncate=truncate)

    async def _body(self, request: Request) -> Any:
        # Read before anything is refused: a connection that is closed with bytes unread is reset, and the client
        # may never see the answer.
        most = self._settings.max_body_bytes
        too_large = bad_request(f"The body is larger than {most} bytes.", status=413, code="body_too_large")
        if int(request.headers.get("content-length", "0")) > most:
            raise too_large
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise too_large
            parts.append(part)
        try:
            return codec.loads(b"".join(parts))
        except ValueError as error:
            raise bad_request(f"The body is not JSON: {error}.") from None

    async def _openapi(self, _: Request) -> Response:
        return Response(DOCUMENT.read_bytes(), media_type="application/json")

    async def _models(self, _: Request) -> Response:
        return reply(200, openai.models(self._name, self._created))

    async def _info(self, _: Request) -> Response:
        return reply(200, native.info(self._manifest, self._settings, self._report.batch, __version__))

    async def _live(self, _: Request) -> Response:
        return reply(200, {"live": True})

    async def _ready(self, request: Request) -> Response:
        ready = self._report.lifecycle.ready
        model = request.path_params.get("model")
        if model not in (None, self._name, self._manifest.name):
            return reply(404, {"error": f"no model is called {model}"})
        return reply(200 if ready else 503, {"name": self._name, "ready": ready})


def _timeout(request: Request) -> float | None:
    text = request.headers.get(Header.REQUEST_TIMEOUT_MS)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_TIMEOUT_MS:
        raise bad_request(f"{Header.REQUEST_TIMEOUT_MS} must be from 1 to {MAX_TIMEOUT_MS}.")
    return int(text) / 1000


async def _no_such_route(request: Request, error: Exception) -> Response:
    status, headers = getattr(error, "status_code", 404), getattr(error, "headers", None)
    what = f"{request.method} {request.url.path}"
    problem = ApiError(status, f"There is no {what} here; see {ClientPath.OPENAPI}.", code="not_found")
    return reply(status, problem.openai(), headers)
