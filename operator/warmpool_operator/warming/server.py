"""The port at which the operator answers for pools without a warm pod.

It is reached by everyone who reaches an Ingress, so it trusts nothing: it keeps no body and no connection,
takes a bounded number of them, and gives none more than a few seconds.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from warmpool_operator.warming.answer import HTML, prefers_html, unknown_body, warming_body
from warmpool_operator.warming.desk import Desk

MAX_CONNECTIONS = 512
CONNECTION_SECONDS = 10.0
"""A proxy sends its request at once; who takes longer only holds the place."""
LINGER_SECONDS = 2.0
BACKLOG = 128
REQUEST_ID = "X-Request-ID"
"""ingress-nginx sends the same one with every try of a request."""
RECENT, MAX_ID_LENGTH = 2048, 64
Refused = Callable[[str, str], None]


class _TurnAway(asyncio.Protocol):
    """Closes a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class WarmingServer:
    """Answers 503 with Retry-After.

    Args:
        desk: knows the pools.
        port: to listen on; 0 picks a free one, see `port`.
        host: address to listen on; empty for all, IPv4 and IPv6.
        now_ms: milliseconds since the epoch.
        on_refused: told of every request that was turned away, by namespace and name of its pool.
    """

    def __init__(
        self, desk: Desk, *, port: int, now_ms: Callable[[], int], on_refused: Refused, host: str = ""
    ) -> None:
        self._desk = desk
        self._host, self._port = host or None, port
        self._now_ms = now_ms
        self._on_refused = on_refused
        # What is left of a body is read and dropped: closing on unread data would take the answer with it.
        self._http = web.Server(self._answer, access_log=None, lingering_time=LINGER_SECONDS)
        self._born: dict[RequestHandler, float] = {}
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on; after `start` the real one even where 0 was asked for."""
        if self._listener is not None and self._listener.sockets:
            return int(self._listener.sockets[0].getsockname()[1])
        return self._port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken or may not be used.
        """
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._protocol, self._host, self._port, backlog=BACKLOG)
        self._sweeper = asyncio.create_task(self._sweep(), name="warming-sweep")

    async def stop(self) -> None:
        """Stop listening, and end what is open."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeper
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._http.shutdown(1.0)

    def _protocol(self) -> asyncio.Protocol:
        if len(self._http.connections) >= MAX_CONNECTIONS:
            return _TurnAway()
        handler = self._http()
        self._born[handler] = time.monotonic()
        return handler

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1)
            now, alive = time.monotonic(), set(self._http.connections)
            self._born = {handler: born for handler, born in self._born.items() if handler in alive}
            for handler, born in self._born.items():
                if now - born > CONNECTION_SECONDS:
                    handler.force_close()

    def _seen_before(self, request_id: str) -> bool:
        """Whether this is one more try of a request: the proxy retries a 503, here as at any pod."""
        if not request_id:
            return False
        short = request_id[:MAX_ID_LENGTH]
        seen = short in self._recent
        self._recent[short] = None
        self._recent.move_to_end(short)
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        return seen

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        key = self._desk.find(request.headers.get("Host", ""), request.path)
        if key is None:
            response = web.Response(status=404, text=unknown_body(), content_type="application/json")
        else:
            known = self._seen_before(request.headers.get(REQUEST_ID, ""))
            seconds = self._desk.refuse(key, now_ms=self._now_ms(), known=known)
            if not known:
                self._on_refused(*key)
            body, kind = warming_body(key.name, seconds, page=prefers_html(request.headers.get("Accept", "")))
            response = web.Response(status=503, text=body, content_type=kind)
            response.headers["Retry-After"] = str(seconds)
            if kind == HTML:
                response.headers["Content-Security-Policy"] = "default-src 'none'"
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.force_close()
        return response
