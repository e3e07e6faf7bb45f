"""Logs: one JSON object or one line of text per record, on standard error.

Invariant: no record carries a secret or a client's text.
"""

import json
import logging
import sys
import time
from typing import Any, Final

logger = logging.getLogger("warmpool")

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class JsonFormatter(logging.Formatter):
    """One JSON object per record; what `event` was given is merged in."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        body: dict[str, Any] = {
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            body["exception"] = self.formatException(record.exc_info)
        return json.dumps(body, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """Time, level, message, then ``key=value`` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of text."""
        stamp = time.strftime("%H:%M:%S", time.localtime(record.created))
        pairs = "".join(f" {key}={value}" for key, value in getattr(record, "fields", {}).items())
        line = f"{stamp}.{int(record.msecs):03d} {record.levelname.lower():7} {record.getMessage()}{pairs}"
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


def configure(level: str, style: str) -> None:
    """Sends everything of this program and of uvicorn to standard error; ``style`` is json or text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logger.setLevel(_LEVELS[level])


def event(message: str, /, level: int = logging.INFO, **fields: Any) -> None:
    """Logs ``message`` with named values."""
    logger.log(level, message, extra={"fields": fields})
