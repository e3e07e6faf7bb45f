"""What the API server can answer besides success, sorted by what a caller does about it.

`Transient` is worth a retry with backoff; `Conflict` is worth a fresh read; `Invalid` and
`Forbidden` need a person, so they become conditions. Every message is fit for a status field:
it names the call and the object, carries the server's own words, and holds no secret.
"""

# ruff: noqa: N818 - Kubernetes' own words for its answers, without "Error" behind them.
from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


class KubeError(Exception):
    """A call to the API server that did not succeed.

    Attributes:
        status: HTTP status, 0 where no answer came.
        reason: Machine-readable CamelCase word, the server's own where it gave one.
        message: A sentence for people.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message


class ClusterConfigError(KubeError):
    """No usable in-cluster configuration and no usable kubeconfig."""


class NotFound(KubeError):
    """404: the object, its namespace or its kind does not exist.

    The reason is `UnknownKind` where the server knows no such kind, as while its definition is
    missing or not served yet: that says nothing about the object.
    """


class Conflict(KubeError):
    """409: the object moved on, exists already, or another manager owns a field."""


class Invalid(KubeError):
    """422 or 400: the same request will be refused again until it is changed."""


class Forbidden(KubeError):
    """401 or 403: credentials or RBAC do not allow this, or an admission rule refuses it."""


class Transient(KubeError):
    """5xx, 429, a time-out or a broken connection: the same request may succeed later.

    Attributes:
        retry_after: Seconds that the server asked to wait, None where it named none.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(status, reason, message)
        self.retry_after = retry_after


_BY_STATUS: dict[int, type[KubeError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Invalid,
}
_PHRASES: dict[type[KubeError], str] = {
    Invalid: "refused as invalid",
    Forbidden: "forbidden",
    NotFound: "not found",
    Conflict: "conflict",
    Transient: "the API server cannot answer now",
    KubeError: "unexpected answer",
}
_MAX_DETAIL = 1000
# The API server (1.34) answers 500 where an apply has a text in place of a map: retrying will not help.
_MALFORMED_APPLY = "failed to create typed patch object"
UNKNOWN_KIND = "UnknownKind"


def from_response(call: str, status: int, headers: Mapping[str, str], body: bytes) -> KubeError:
    """Turns an answer that is not 2xx into the fitting error.

    Args:
        call: Verb and object, such as `PATCH Deployment team/x`.
        status: HTTP status.
        headers: Response headers; `Retry-After` is read.
        body: Response body, a `metav1.Status` where the API server itself answered.
    """
    answer = _status_object(body)
    detail = str(answer.get("message") or body.decode(errors="replace").strip() or "no further detail")
    malformed = _MALFORMED_APPLY in detail
    transient = (status in (408, 429) or status >= 500) and not malformed
    kind = Transient if transient else Invalid if malformed else _BY_STATUS.get(status, KubeError)
    reason = str(answer.get("reason") or kind.__name__)
    if kind is NotFound and not (answer.get("details") or {}).get("name"):
        reason = UNKNOWN_KIND
    message = f"{call}: {_PHRASES[kind]} ({status}): {detail[:_MAX_DETAIL]}"
    if transient:
        return Transient(status, reason, message, _retry_after(headers, answer))
    return kind(status, reason, message)


def no_answer(call: str, cause: Exception, host: str, timeout: float) -> Transient:
    """An error for a call that brought no HTTP answer at all."""
    if isinstance(cause, TimeoutError):
        return Transient(0, "Timeout", f"{call}: no answer from {host} within {timeout:g} s")
    words = str(cause).strip() or type(cause).__name__
    return Transient(0, "ConnectionFailed", f"{call}: no connection to {host}: {words[:_MAX_DETAIL]}")


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _retry_after(headers: Mapping[str, str], answer: dict[str, Any]) -> float | None:
    header = headers.get("Retry-After", "").strip()
    if header.isdigit():
        return float(header)
    if header:
        try:
            when = parsedate_to_datetime(header)
        except ValueError:
            when = None
        if when is not None:
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            return max(0.0, (when - datetime.now(UTC)).total_seconds())
    details = answer.get("details")
    seconds = details.get("retryAfterSeconds") if isinstance(details, dict) else None
    return float(seconds) if isinstance(seconds, int) and seconds > 0 else None
