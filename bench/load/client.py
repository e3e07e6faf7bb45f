"""Sends a schedule, each request at its own time.

Invariants: no request waits for another one (no connection limit, no queue); a request has one deadline, counted
from its intended moment and spanning its retries; redirects are not followed and no proxy is used, so load goes
where it was checked to go.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from bench.load.destination import check_destination
from bench.load.payload import Body
from bench.load.record import CONNECTION, DEADLINE, Record
from bench.load.schedule import Schedule, Send

OnRecord = Callable[[Record, bytes], None]
HEAD_START_SECONDS = 0.05
"""Between the start of the run and its first request, so that the first one is not late already."""
DEFAULT_RETRY_SECONDS = 1.0
"""Wait before a retry of an answer that names none."""
RETRIED = frozenset({429, 503})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to send.

    Attributes:
        url: where to; checked by `check_destination`.
        deadline: seconds from a request's intended moment until it is given up.
        max_attempts: 1 never retries; more retries 429 and 503 after the wait that the server asks for, where the
            deadline allows it.
        headers: sent with every request.
        reuse_connections: keep them open between requests. A Service chooses a pod per connection, so without an
            ingress in between, kept connections would leave new pods without work.
        source: address of this machine to send from, so that one machine can be several clients; empty for any.
        allow_any: let load go anywhere.
    """

    url: str
    deadline: float = 10.0
    max_attempts: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    reuse_connections: bool = True
    source: str = ""
    allow_any: bool = False


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: Unix time of its start in seconds, and its records in the order of the schedule."""

    started: float
    records: tuple[Record, ...]


async def replay(
    schedule: Schedule,
    settings: Settings,
    *,
    body: Body,
    on_record: OnRecord | None = None,
    begin: float | None = None,
) -> Run:
    """Send every request of `schedule` at its time, and wait for all of them.

    Args:
        schedule: what to send, in order of time.
        settings: how to send it.
        body: makes the JSON body of a request; called for all of them before the run begins.
        on_record: called with each record and the body of its last answer, in the order in which they end.
        begin: Unix time of the schedule's beginning; as soon as all bodies are made if None or past.

    Raises:
        ForeignDestinationError: load may not go there.
        ValueError: the address is none.
    """
    url = check_destination(settings.url, allow_any=settings.allow_any)
    bodies = [body(number, send) for number, send in enumerate(schedule)]
    headers = {"Content-Type": "application/json", **settings.headers}
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=_connector(settings), headers=headers, timeout=timeout
    ) as session:
        loop = asyncio.get_running_loop()
        wait = max(HEAD_START_SECONDS, (begin or 0.0) - time.time())
        start = loop.time() + wait
        started = time.time() + wait
        tasks: list[asyncio.Task[Record]] = []
        async with asyncio.TaskGroup() as group:
            for send, content in zip(schedule, bodies, strict=True):
                await asyncio.sleep(start + send.at - loop.time())
                request = _Request(settings, session, url, start=start, send=send, content=content)
                tasks.append(group.create_task(request.follow(on_record)))
    return Run(started=started, records=tuple(task.result() for task in tasks))


def _connector(settings: Settings) -> aiohttp.TCPConnector:
    reuse = settings.reuse_connections
    return aiohttp.TCPConnector(
        limit=0,
        force_close=not reuse,
        keepalive_timeout=30 if reuse else None,
        local_addr=(settings.source, 0) if settings.source else None,
    )


class _Request:
    """One request that is under way, and what is known of it so far."""

    def __init__(
        self,
        settings: Settings,
        session: aiohttp.ClientSession,
        url: URL,
        *,
        start: float,
        send: Send,
        content: bytes,
    ) -> None:
        self._settings = settings
        self._session = session
        self._url = url
        self._start = start
        self._send = send
        self._content = content
        self._now = asyncio.get_running_loop().time
        self._give_up = start + send.at + settings.deadline
        self._sent: float | None = None
        self._attempts = 0
        self._status = 0
        self._retry_after: float | None = None
        self._answer = b""

    async def follow(self, on_record: OnRecord | None) -> Record:
        """Send it now and stay with it to its end; nothing that a server does raises."""
        error = ""
        try:
            async with asyncio.timeout_at(self._give_up):
                while True:
                    await self._attempt()
                    wait = self._wait()
                    if wait is None:
                        break
                    await asyncio.sleep(wait)
        except TimeoutError:
            error = DEADLINE
        except (aiohttp.ClientError, OSError):
            error = CONNECTION
        record = self._record(error)
        if on_record is not None:
            on_record(record, self._answer)
        return record

    async def _attempt(self) -> None:
        self._attempts += 1
        if self._sent is None:
            self._sent = self._now()
        async with self._session.post(self._url, data=self._content, allow_redirects=False) as response:
            self._answer = await response.read()
            self._status = response.status
            self._retry_after = parse_retry_after(response.headers.get("Retry-After"))

    def _wait(self) -> float | None:
        """Seconds until the next attempt, or None if there is to be none."""
        if self._status not in RETRIED or self._attempts >= self._settings.max_attempts:
            return None
        wait = DEFAULT_RETRY_SECONDS if self._retry_after is None else self._retry_after
        return wait if self._now() + wait < self._give_up else None

    def _record(self, error: str) -> Record:
        now = self._now()
        return Record(
            intended=self._send.at,
            sent=(now if self._sent is None else self._sent) - self._start,
            finished=now - self._start,
            status=0 if error else self._status,
            attempts=self._attempts,
            tokens=self._send.tokens,
            error=error,
            retry_after=self._retry_after,
        )


def parse_retry_after(value: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header; None if it is absent or a date."""
    try:
        seconds = float(value) if value is not None else -1.0
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
