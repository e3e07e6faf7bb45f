"""One request to the server beside us, and what became of it."""

import http.client
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult

_WORDS: Final = 200
"""Characters of an answer that are told when it is no good one."""
_TRY_LATER: Final = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request.

    Attributes:
        status: HTTP status; 0 without an answer.
        words: the beginning of the answer, or the error.
    """

    status: int
    words: str = ""

    @property
    def good(self) -> bool:
        """Whether the server did what was asked."""
        return 200 <= self.status < 300

    @property
    def refusal(self) -> bool:
        """Whether the same request will be answered the same way: it is wrong, not early."""
        return 400 <= self.status < 500 and self.status not in _TRY_LATER


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent.

    Attributes:
        url: where to, `http://host:port/path`.
        body: sent by POST; None for a GET.
        headers: sent along; never logged.
        timeout: seconds.
    """

    url: SplitResult
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 2.0

    def send(self) -> Answer:
        """Sends it once; whatever happens is an answer."""
        host, path = self.url.hostname or "", self.url.path + (f"?{self.url.query}" if self.url.query else "")
        connection = http.client.HTTPConnection(host, self.url.port or 80, timeout=self.timeout)
        method = "GET" if self.body is None else "POST"
        try:
            connection.request(method, path or "/", self.body, {"Connection": "close", **self.headers})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, f"{type(error).__name__}: {error}")
        finally:
            connection.close()
        return Answer(response.status, " ".join(text[:_WORDS].split()))
