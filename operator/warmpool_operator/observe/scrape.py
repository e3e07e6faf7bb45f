"""Asking pods for their load, and telling them to retire or to come back.

One call per pod and tick, bounded in number and in time: a pod that does not answer within the time-out is
silent in this tick, which the decision knows how to treat. Only addresses of pods that the operator manages are
ever called, so redirects are not followed: a pod must not send the operator to other places.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import aiohttp

from warmpool_operator.api import names
from warmpool_operator.api.protocol import LoadMetrics
from warmpool_operator.observe.foreign import ForeignReader
from warmpool_operator.observe.load import LoadReport, LoadReportError, parse

TIMEOUT_SECONDS: Final = 0.4
"""Less than the tick of 0.5 s, so that a silent pod cannot delay the next one."""
MAX_BODY_BYTES: Final = 16 * 1024
MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
"""A page of metrics: vLLM's has some 200 kB, and a server with many models has one set for each."""


class Failure(StrEnum):
    """Why a pod told nothing."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    STATUS = "status"
    FORMAT = "format"


@dataclass(frozen=True)
class Target:
    """Where a pod tells its load: its admin port, or a page of metrics of a server of another make.

    Attributes:
        uid: of the pod.
        ip: address.
        port: port.
        metrics: which metrics count; None for this project's own server.
        slots: requests that a server of another make computes at once.
    """

    uid: str
    ip: str
    port: int
    metrics: LoadMetrics | None = None
    slots: int = 0

    def url(self, path: str) -> str:
        """Return the URL of an admin path; IPv6 addresses are bracketed."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"http://{host}:{self.port}{path}"


class Scraper:
    """Talks to the admin ports of pods.

    Args:
        session: HTTP session; its connections are kept alive between ticks.
        now_ms: milliseconds since the epoch, stamped on samples.
        concurrency: calls in flight at once, over all pools.
    """

    def __init__(
        self, session: aiohttp.ClientSession, *, now_ms: Callable[[], int], concurrency: int = 64
    ) -> None:
        self._session = session
        self._now_ms = now_ms
        self._slots = asyncio.Semaphore(concurrency)
        self._foreign = ForeignReader()
        self._timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)

    async def scrape(self, targets: Iterable[Target]) -> dict[str, LoadReport | Failure]:
        """Return each pod's report, or why there is none, by pod uid."""
        wanted = list(targets)
        answers = await asyncio.gather(*(self._report(target) for target in wanted))
        return {target.uid: answer for target, answer in zip(wanted, answers, strict=True)}

    async def retire(self, target: Target, *, token: str) -> bool:
        """Make a pod unready while it stays loaded; return whether it said yes."""
        return await self._drain("POST", target, token)

    async def restore(self, target: Target, *, token: str) -> bool:
        """Take a retirement back; return whether the pod said yes."""
        return await self._drain("DELETE", target, token)

    async def _report(self, target: Target) -> LoadReport | Failure:
        path = names.PATH_LOAD if target.metrics is None else target.metrics.path
        async with self._slots:
            try:
                async with self._session.get(
                    target.url(path), timeout=self._timeout, allow_redirects=False
                ) as answer:
                    if answer.status != HTTPStatus.OK:
                        return Failure.STATUS
                    most = MAX_BODY_BYTES if target.metrics is None else MAX_PAGE_BYTES
                    return self._parsed(await _body(answer, most), target)
            except TimeoutError:
                return Failure.TIMEOUT
            except aiohttp.ClientError:
                return Failure.UNREACHABLE
            except (LoadReportError, ValueError):
                return Failure.FORMAT

    def _parsed(self, body: bytes, target: Target) -> LoadReport:
        at_ms = self._now_ms()
        if target.metrics is None:
            return parse(_object(body), at_ms=at_ms)
        return self._foreign.read(body, target.metrics, uid=target.uid, slots=target.slots, at_ms=at_ms)

    async def _drain(self, method: str, target: Target, token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.request(
                method,
                target.url(names.PATH_DRAIN),
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as answer:
                return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
        except (TimeoutError, aiohttp.ClientError):
            return False


async def _body(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """Read a small body: a foreign program must not fill the operator's memory."""
    raw = bytearray()
    # One read returns what has arrived so far, which may be half of an answer.
    async for part in answer.content.iter_any():
        raw += part
        if len(raw) > most:
            raise LoadReportError(f"an answer of more than {most} bytes")
    return bytes(raw)


def _object(raw: bytes) -> dict[str, object]:
    try:
        body = json.loads(raw)
    except RecursionError as error:
        raise LoadReportError("load report nested too deeply") from error
    if not isinstance(body, dict):
        raise LoadReportError("load report is not an object")
    return body
