"""Milliseconds since the epoch to RFC 3339 and back, for the status."""

from datetime import UTC, datetime


def rfc3339(at_ms: int) -> str:
    """Return the time with milliseconds, in UTC."""
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def rfc3339_seconds(at_ms: int) -> str:
    """Return the time in whole seconds, as `metav1.Time` stores it."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")


def from_rfc3339(text: str) -> int:
    """Return milliseconds since the epoch.

    Raises:
        ValueError: not a time.
    """
    return round(datetime.fromisoformat(text).timestamp() * 1000)
