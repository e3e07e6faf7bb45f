"""Requests to a pool: held open for as long as one wants, or one after the other with every outcome remembered."""

import http.client
import json
import threading
import time
from typing import Self
from urllib.parse import urlsplit

from bench.loop.bed import LONG_WORDS

DEADLINE_SECONDS = 120.0
PAUSE_SECONDS = 0.05
"""After anything but an answer."""


def send(url: str, *, words: int = LONG_WORDS) -> http.client.HTTPConnection:
    """Send one request and leave its answer to come; closing the connection takes the request back."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=DEADLINE_SECONDS)
    body = json.dumps({"model": "fake", "input": "word " * words})
    connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
    return connection


class Clients:
    """Threads that each keep one request in flight, on a connection of its own, until they are told to stop.

    Args:
        url: where to.
        count: requests in flight.
        words: of each request.
    """

    def __init__(self, url: str, *, count: int, words: int) -> None:
        self._url, self._words = url, words
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        self.statuses: list[int] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the answers that are still to come."""
        self._stop.set()
        for thread in self._threads:
            thread.join(DEADLINE_SECONDS + 5)

    @property
    def lost(self) -> int:
        """Requests without an answer, or with one that says that something broke; a refusal is an answer."""
        return sum(status not in {200, 429} for status in self.statuses)

    @property
    def refused(self) -> int:
        """Requests that were refused in order."""
        return self.statuses.count(429)

    def _run(self) -> None:
        while not self._stop.is_set():
            status = self._once()
            self.statuses.append(status)
            if status != 200:
                time.sleep(PAUSE_SECONDS)

    def _once(self) -> int:
        try:
            connection = send(self._url, words=self._words)
        except OSError:
            return 0
        try:
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
        return answer.status
