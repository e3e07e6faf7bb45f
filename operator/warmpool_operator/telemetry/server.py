"""One HTTP port for `/metrics`, `/healthz`, `/readyz`, and pages of JSON that others add.

It runs in the operator's own event loop on purpose: a loop that is stuck does not answer its
liveness probe, without any check having to notice. Checks are cheap calls that return what is
wrong, or None; they run on each request, so they must not wait for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

# Returns the JSON document of a path below its page, given the query; None where there is none.
Page = Callable[[str, Mapping[str, str]], "dict[str, object] | None"]
# Returns what is wrong in a few words, None where all is well.
Check = Callable[[], str | None]


class TelemetryServer:
    """Serves metrics and probes.

    Args:
        registry: What `/metrics` shows.
        host: Address to listen on; an empty string means all, IPv4 and IPv6.
        port: Port to listen on; 0 picks a free one, see `port`.
    """

    def __init__(self, registry: CollectorRegistry, *, host: str = "", port: int = 8080) -> None:
        self._registry = registry
        self._host, self._port = host, port
        self._live: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}
        self._pages: dict[str, Page] = {}
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that it listens on; after `start` the real one even where 0 was asked for."""
        if self._runner and self._runner.addresses:
            return int(self._runner.addresses[0][1])
        return self._port

    def add_liveness(self, name: str, check: Check) -> None:
        """Adds a check to `/healthz`: only what a restart would mend."""
        self._live[name] = check

    def add_readiness(self, name: str, check: Check) -> None:
        """Adds a check to `/readyz`."""
        self._ready[name] = check

    def add_page(self, name: str, page: Page) -> None:
        """Adds a page of JSON documents at `/NAME/…`; a ValueError that it raises becomes 400 with its words."""
        self._pages[name] = page

    async def start(self) -> None:
        """Begins to listen.

        Raises:
            OSError: The port is taken or may not be used.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/{page}/{path:.+}", self._page)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host or None, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner

    async def stop(self) -> None:
        """Stops listening; connections get a second to end."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _page(self, request: web.Request) -> web.Response:
        page = self._pages.get(request.match_info["page"])
        try:
            document = page(request.match_info["path"], request.query) if page else None
        except ValueError as error:
            return web.Response(status=400, text=f"{error}\n")
        if document is None:
            return web.Response(status=404, text="no such document here\n")
        return web.json_response(document)

    async def _healthz(self, _: web.Request) -> web.Response:
        return _answer(self._live)

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self._ready)


def _answer(checks: dict[str, Check]) -> web.Response:
    wrong = {name: _run(check) for name, check in checks.items()}
    lines = [f"[{'-' if words else '+'}] {name}: {words or 'ok'}" for name, words in wrong.items()]
    status = 503 if any(wrong.values()) else 200
    return web.Response(status=status, text="\n".join(lines or ["ok"]) + "\n")


def _run(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # a broken check is a failed check, not a broken port
        return f"{type(error).__name__}: {error}"
