"""The way of a request: tokenise, admit, queue, wait, answer. Shared by every API.

Runs on the event loop. All or nothing: a request of many texts is charged by its tokens and
accepted or refused whole. A client that goes away, or a deadline that passes, ends its request;
texts not yet in a batch are then never computed.
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from warmpool_serving import admission
from warmpool_serving.batcher import Batcher
from warmpool_serving.engines.base import Encoded, Engine
from warmpool_serving.jobs import Job
from warmpool_serving.names import Outcome, Reject
from warmpool_serving.report import Report
from warmpool_serving.tokenizer import runs_inline

_JITTER = 0.2
_TOKENISING_MAX = 64
"""Requests that may be in the tokeniser's thread at once; more would queue where nothing is counted."""


class RefusedError(Exception):
    """The request was not accepted; come back after ``seconds``."""

    def __init__(self, reason: Reject, seconds: float) -> None:
        super().__init__(reason)
        self.reason, self.seconds = reason, seconds


class TooLongError(Exception):
    """The request, or a text of it that must not be cut, has too many tokens."""


class EndedError(Exception):
    """An accepted request ended without vectors."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors as little-endian float32 bytes, and the tokens of all texts."""

    vectors: Sequence[bytes]
    tokens: int


class Pipeline:
    """Everything between a parsed request and its vectors."""

    def __init__(
        self,
        engine: Engine,
        batcher: Batcher,
        report: Report,
        *,
        max_tokens: int,
        on_done: Callable[[Job], None] = lambda _: None,
    ) -> None:
        self._engine, self._batcher, self._report = engine, batcher, report
        self._max_tokens, self._on_done = max_tokens, on_done
        self._loop = asyncio.get_running_loop()
        self._tokenising = 0

    async def embed(
        self,
        texts: Sequence[str],
        *,
        gone: Callable[[], Awaitable[None]],
        seconds: float | None = None,
        truncate: bool = True,
    ) -> Embedded:
        """Embeds ``texts``; ``gone`` returns when the client has gone; it waits ``seconds`` at most.

        Raises:
            TooLongError: more tokens than any request may have, or than a text may and ``truncate`` is false.
            RefusedError: too much is waiting already.
            EndedError: the client went away, the deadline passed, the drain ran out, or the engine failed.
        """
        arrived = time.monotonic()
        self._admit(1)
        encoded = await self._encode(texts)
        tokens = self._count(encoded, truncate=truncate)
        forecast = self._admit(tokens)
        report = self._report
        report.ledger.accepted += 1
        report.means = report.means.accepted(tokens)
        answer: asyncio.Future[Outcome] = self._loop.create_future()
        deadline = arrived + seconds if seconds is not None else None
        done = self._resolver(answer)
        job = Job(encoded, done=done, arrived=arrived, deadline=deadline, forecast=forecast)
        self._batcher.submit(job)
        try:
            outcome = await self._wait(job, answer, gone)
        finally:
            # Also when this task itself is cancelled: nobody will read the vectors.
            self._batcher.end(job, Outcome.CANCELLED)
            self._account(job)
        if outcome is not Outcome.OK:
            raise EndedError(outcome) from job.error
        return Embedded(vectors=job.vectors, tokens=tokens)

    def _count(self, encoded: Sequence[Encoded], *, truncate: bool) -> int:
        if not truncate and any(item.truncated for item in encoded):
            raise TooLongError(f"A text has more than {self._engine.manifest.max_tokens} tokens.")
        tokens = sum(map(len, encoded))
        if tokens > self._max_tokens:
            raise TooLongError(f"The request has {tokens} tokens; at most {self._max_tokens} are taken.")
        return tokens

    def refusal(self, size: int) -> RefusedError | None:
        """Why a request need not even be parsed: there is no room for one of the usual number of tokens.

        Args:
            size: bytes of its body, which has no more tokens than that; 0: not known.
        """
        usual = math.ceil(self._report.means.tokens)
        judged = self._judge(min(usual, size or usual))
        return judged if isinstance(judged, RefusedError) else None

    def _admit(self, tokens: int) -> float:
        judged = self._judge(tokens)
        if isinstance(judged, RefusedError):
            raise judged
        return judged

    def _judge(self, tokens: int) -> float | RefusedError:
        """Seconds until an answer, or why there will be none."""
        backlog, speed = self._batcher.snapshot().backlog, self._batcher.speed
        limits = self._report.slip.tighten(self._report.limits)
        if self._tokenising < _TOKENISING_MAX and admission.admits(tokens, backlog, speed, limits):
            return admission.forecast(tokens, backlog, speed, limits)
        jitter = random.uniform(-_JITTER, _JITTER)  # noqa: S311 - spreads clients, hides nothing
        return RefusedError(Reject.OVERLOADED, admission.retry_after(backlog, speed, limits, jitter=jitter))

    async def _encode(self, texts: Sequence[str]) -> list[Encoded]:
        if runs_inline(texts):
            return self._engine.encode(texts)
        self._tokenising += 1
        try:
            return await self._loop.run_in_executor(None, self._engine.encode, texts)
        finally:
            self._tokenising -= 1

    def _resolver(self, answer: "asyncio.Future[Outcome]") -> Callable[[Job, Outcome], None]:
        def resolve(outcome: Outcome) -> None:
            if not answer.done():
                answer.set_result(outcome)

        def done(_: Job, outcome: Outcome) -> None:
            self._loop.call_soon_threadsafe(resolve, outcome)

        return done

    async def _wait(
        self, job: Job, answer: "asyncio.Future[Outcome]", gone: Callable[[], Awaitable[None]]
    ) -> Outcome:
        watch: asyncio.Future[None] = asyncio.ensure_future(gone())
        both: set[asyncio.Future[Any]] = {answer, watch}
        timeout = job.deadline - time.monotonic() if job.deadline is not None else None
        try:
            done, _ = await asyncio.wait(both, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
        if not answer.done():
            self._batcher.end(job, Outcome.CANCELLED if done else Outcome.EXPIRED)
            await answer
        return answer.result()

    def _account(self, job: Job) -> None:
        report, outcome = self._report, job.over or Outcome.CANCELLED
        report.ledger.finished[outcome] += 1
        # One that was never computed waited for ever, as its client sees it.
        report.ledger.waited(job.started - job.arrived if job.started is not None else math.inf)
        if outcome is Outcome.OK and job.started is not None and job.finished is not None:
            report.means = report.means.served(job.finished - job.started)
            # Before a request arrives it waits unseen for its turn on the event loop, about as long as its answer
            # does once it is finished. Left out, a loop that is busy refusing makes every forecast too short.
            now = time.monotonic()
            took = (now - job.arrived) + (now - job.finished)
            report.slip = report.slip.after(job.forecast, took, report.limits.target)
        self._on_done(job)
