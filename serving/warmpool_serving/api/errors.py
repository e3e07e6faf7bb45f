"""Errors as JSON, in the shape that the client of each API knows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from warmpool_serving.names import Header, Outcome, Reject
from warmpool_serving.pipeline import EndedError, RefusedError

CLIENT_GONE: Final = 499
"""Nobody reads this answer; the code is for the metrics, as nginx counts it."""


@dataclass(frozen=True, slots=True)
class ApiError(Exception):
    """An answer that is not 200.

    ``kind`` is OpenAI's ``type``, ``code`` a short constant for programs, ``param`` the field at
    fault, ``retry_after`` seconds after which the same request may succeed.
    """

    status: int
    message: str
    kind: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    retry_after: float | None = None

    def headers(self) -> Mapping[str, str]:
        """How to come back: with a key, or after a while, in whole seconds, rounded up, and in milliseconds."""
        if self.status == 401:
            return {"WWW-Authenticate": "Bearer"}
        if self.retry_after is None:
            return {}
        return {
            Header.RETRY_AFTER: str(max(1, math.ceil(self.retry_after))),
            Header.RETRY_AFTER_MS: str(max(1, round(self.retry_after * 1000))),
        }

    def openai(self) -> dict[str, object]:
        """The body OpenAI's clients read."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}

    def native(self) -> dict[str, object]:
        """The body clients of text-embeddings-inference read."""
        return {"error": self.message, "error_type": self.code or self.kind}


def bad_request(
    message: str, *, param: str | None = None, code: str | None = None, status: int = 400
) -> ApiError:
    """The request itself is wrong."""
    return ApiError(status, message, param=param, code=code)


def unauthorised() -> ApiError:
    """No key, or a wrong one."""
    return ApiError(401, "Authorization: Bearer <key> is needed.", code="invalid_api_key")


def gone() -> ApiError:
    """The client went away before its request was read."""
    return ApiError(CLIENT_GONE, "The client went away.", kind="server_error", code="cancelled")


def refused(error: RefusedError) -> ApiError:
    """Overloaded is 429; starting or draining is 503, since another pod may have room."""
    if error.reason is Reject.OVERLOADED:
        message = "The server has as much waiting as it can answer in time; try again later."
        return ApiError(429, message, kind="rate_limit_error", code="overloaded", retry_after=error.seconds)
    doing = "shutting down" if error.reason is Reject.DRAINING else "still loading its model"
    return ApiError(
        503, f"The server is {doing}.", kind="server_error", code=error.reason, retry_after=error.seconds
    )


def ended(error: EndedError) -> ApiError:
    """An accepted request that has no vectors."""
    answers = {
        Outcome.EXPIRED: ApiError(
            504, "The request's own time limit passed.", kind="timeout_error", code="deadline"
        ),
        Outcome.CANCELLED: ApiError(
            CLIENT_GONE, "The client went away.", kind="server_error", code="cancelled"
        ),
        Outcome.DRAINED: ApiError(
            503, "The server is shutting down.", kind="server_error", code="draining", retry_after=1.0
        ),
    }
    return answers.get(
        error.outcome, ApiError(500, "The model failed on this request.", kind="server_error", code="engine")
    )
