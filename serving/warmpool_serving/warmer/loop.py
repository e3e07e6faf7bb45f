"""Waits for the server, sends it requests until enough were answered, and does so again when it was restarted.

Invariant: `warm` is asked of the kernel each time, never remembered alone. A server that was started again is not
warm from its first moment on, however late this loop notices.
"""

import time
from collections.abc import Callable
from typing import Final

from warmpool_serving.logs import event
from warmpool_serving.warmer.request import Request

MAX_REFUSALS: Final = 10
"""A healthy server may need some seconds to know its paths; after this the request is wrong."""
POLL_SECONDS: Final = 0.25
IDLE_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 1.0

Sockets = frozenset[str]


class RefusedError(Exception):
    """The server will not answer this request, in words for the person who wrote it."""


class Warmer:
    """Keeps one server warm.

    Args:
        request: what is sent to warm it.
        health: what it answers once it serves.
        count: good answers that make it warm.
        listening: the sockets that it listens on now.
    """

    def __init__(
        self, request: Request, health: Request, *, count: int, listening: Callable[[], Sockets]
    ) -> None:
        self._request, self._health, self._count = request, health, count
        self._listening = listening
        self._warmed: Sockets = frozenset()

    @property
    def warm(self) -> bool:
        """Whether the server that runs now was warmed; of several sockets, one that is left will do."""
        return not self._warmed.isdisjoint(self._listening())

    def run(self) -> None:
        """Warms the server whenever it was started, for ever.

        Raises:
            RefusedError: the request is wrong.
        """
        while True:
            self._warmed = self.warm_up(self._healthy())
            while self.warm:
                time.sleep(IDLE_SECONDS)
            if self._warmed:
                event("the server was stopped; its next start is warmed anew")

    def warm_up(self, sockets: Sockets) -> Sockets:
        """Sends requests until enough were answered; returns the sockets that are warm, none after a restart.

        Raises:
            RefusedError: the request is wrong.
        """
        good = refusals = 0
        began = time.monotonic()
        while not sockets.isdisjoint(self._listening()):
            sent = time.monotonic()
            answer = self._request.send()
            seconds = round(time.monotonic() - sent, 3)
            if answer.good:
                good, refusals = good + 1, 0
                event("answered", status=answer.status, seconds=seconds, count=good, of=self._count)
                if good == self._count:
                    event("warm", seconds=round(time.monotonic() - began, 3))
                    return sockets
                continue
            event("no good answer", level=30, status=answer.status, seconds=seconds, words=answer.words)
            refusals = refusals + 1 if answer.refusal else 0
            if refusals == MAX_REFUSALS:
                path = self._request.url.path
                raise RefusedError(f"{path} answers {answer.status} to the warm-up request: {answer.words}")
            time.sleep(PAUSE_SECONDS)
        return frozenset()

    def _healthy(self) -> Sockets:
        """Waits for the server; returns the sockets that it listens on."""
        event("waiting for the server", url=self._health.url.geturl())
        while True:
            sockets = self._listening()
            # As the kubelet reads a probe.
            if sockets and 200 <= self._health.send().status < 400:
                return sockets
            time.sleep(POLL_SECONDS)
