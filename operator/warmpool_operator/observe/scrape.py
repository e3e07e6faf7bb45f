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
from warmpool_operator.observe.load import LoadReport, LoadReportError, parse

TIMEOUT_SECONDS: Final = 0.4
"""Less than the tick of 0.5 s, so that a silent pod cannot delay the next one."""
MAX_BODY_BYTES: Final = 16 * 1024


class Failure(StrEnum):
    """Why a pod told nothing."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    STATUS = "status"
    FORMAT = "format"


@dataclass(frozen=True)
class Target:
    """Where a pod's admin port is."""

    uid: str
    ip: str
    port: int

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
        async with self._slots:
            try:
                async with self._session.get(
                    target.url(names.PATH_LOAD), timeout=self._timeout, allow_redirects=False
                ) as answer:
                    if answer.status != HTTPStatus.OK:
                        return Failure.STATUS
                    body = await _json(answer)
            except TimeoutError:
                return Failure.TIMEOUT
            except aiohttp.ClientError:
                return Failure.UNREACHABLE
            except (LoadReportError, ValueError):
                return Failure.FORMAT
        try:
            return parse(body, at_ms=self._now_ms())
        except LoadReportError:
            return Failure.FORMAT

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


async def _json(answer: aiohttp.ClientResponse) -> dict[str, object]:
    """Decode a small JSON object: a body of a foreign program must not fill the operator's memory."""
    raw = bytearray()
    # One read returns what has arrived so far, which may be half of an answer.
    async for part in answer.content.iter_any():
        raw += part
        if len(raw) > MAX_BODY_BYTES:
            raise LoadReportError(f"load report of more than {MAX_BODY_BYTES} bytes")
    try:
        body = json.loads(raw)
    except RecursionError as error:
        raise LoadReportError("load report nested too deeply") from error
    if not isinstance(body, dict):
        raise LoadReportError("load report is not an object")
    return body
