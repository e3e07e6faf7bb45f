"""A client that never lets go: keeps requests in flight and remembers every answer.

Each request uses a connection of its own, as callers behind a load balancer do, so every one is a new choice of
pod. What matters to a test: which status codes came, whether an accepted request was ever lost, and when.
"""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

REFUSED_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Answer:
    """One answer, or the absence of one: `status` 0 with the error in `detail`."""

    at: float
    status: int
    detail: str
    body: bytes = field(repr=False)


class Hammer:
    """Threads that send one request after the other until they are told to stop.

    Args:
        url: where to.
        payload: JSON body.
        clients: requests kept in flight.
        deadline: seconds that a client waits for an answer.
        host: name in the `Host` header, for an Ingress.
    """

    def __init__(
        self,
        url: str,
        payload: dict[str, Any],
        *,
        clients: int,
        deadline: float = 30.0,
        host: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 80, parts.path
        self._headers = {"Content-Type": "application/json"} | ({"Host": host} if host else {})
        self._body = json.dumps(payload).encode()
        self._deadline = deadline
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        self.answers: list[Answer] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(self._deadline + 5)

    @property
    def statuses(self) -> Counter[int]:
        """Answers by status; 0 are connections that nobody took or that broke."""
        return Counter(answer.status for answer in self.answers)

    def strange(self, *expected: int) -> list[Answer]:
        """Answers with any other status than these."""
        return [answer for answer in self.answers if answer.status not in expected]

    def lost(self) -> list[Answer]:
        """Requests that were sent and never answered: a connection that nobody took is not among them."""
        return [answer for answer in self.answers if answer.status == 0 and answer.detail.startswith("lost")]

    def first(self, status: int) -> Answer:
        """The first answer with a status."""
        return next(answer for answer in self.answers if answer.status == status)

    def _run(self) -> None:
        while not self._stop.is_set():
            answer = self._once()
            self.answers.append(answer)
            if answer.status != 200:
                time.sleep(REFUSED_PAUSE_SECONDS)

    def _once(self) -> Answer:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._deadline)
        try:
            connection.connect()
        except OSError as error:
            return Answer(time.time(), 0, f"refused: {error}", b"")
        try:
            connection.request("POST", self._path, self._body, self._headers)
            response = connection.getresponse()
            return Answer(time.time(), response.status, response.reason, response.read())
        except (OSError, http.client.HTTPException) as error:
            return Answer(time.time(), 0, f"lost: {error!r}", b"")
        finally:
            connection.close()
