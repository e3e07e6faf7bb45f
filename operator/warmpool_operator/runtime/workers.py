"""Workers for a `WorkQueue`: take a key, call the handler, decide when the key comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from warmpool_operator.runtime.errors import KubeError
from warmpool_operator.runtime.workqueue import QueueShutDown, WorkQueue

K = TypeVar("K", bound=Hashable)

# Returns the seconds after which the key is due again, None where only an event should bring it back.
Handler = Callable[[K], Awaitable[float | None]]
# Told of every failure with the key, the exception and the seconds until the next try.
OnError = Callable[[K, Exception, float], None]

log = logging.getLogger(__name__)


async def run_workers(
    queue: WorkQueue[K], workers: int, handler: Handler[K], *, on_error: OnError[K] | None = None
) -> None:
    """Works on the queue until it is shut down and drained.

    A handler that raises is called again after the key's backoff, or after the `retry_after` of its
    error where that is longer; one that returns resets the backoff. When this call is cancelled the
    handlers in progress are cancelled with it.

    Args:
        queue: The queue.
        workers: How many handlers run at the same time, at most; never two for one key.
        handler: See `Handler`.
        on_error: Hears of failures; without it they are logged with a stack unless they are `KubeError`s.
    """
    async with asyncio.TaskGroup() as group:
        for number in range(workers):
            group.create_task(_work(queue, handler, on_error or _log_error), name=f"worker-{number}")


async def _work(queue: WorkQueue[K], handler: Handler[K], on_error: OnError[K]) -> None:
    while True:
        try:
            key = await queue.get()
        except QueueShutDown:
            return
        try:
            again = await handler(key)
        except Exception as error:  # one bad key must not end the worker of all the others
            at_least = getattr(error, "retry_after", None) or 0.0
            on_error(key, error, queue.add_rate_limited(key, at_least=at_least))
        else:
            queue.forget(key)
            if again is not None:
                queue.add_after(key, again)
        finally:
            queue.done(key)


def _log_error(key: object, error: Exception, delay: float) -> None:
    expected = isinstance(error, KubeError)
    log.warning("work on %s failed, next try in %.1f s: %s", key, delay, error, exc_info=not expected)
