"""Logs: one JSON object a line for machines, or one short line for people.

Context travels in a context variable, so that a reconcile names its pool once and every line that
comes out of it carries the name. Levels: INFO is for changes of state only; kopf and the access
log speak from WARNING on, because they would drown that.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

FIELDS = ("namespace", "pool", "uid", "generation", "reconcile_id")
QUIET_LOGGERS = ("kopf", "aiohttp.access", "aiohttp.server", "asyncio")

_EMPTY: Mapping[str, Any] = {}
_context: ContextVar[Mapping[str, Any]] = ContextVar("log_context", default=_EMPTY)


@contextlib.contextmanager
def log_context(**fields: Any) -> Iterator[None]:
    """Adds fields to every line logged inside of the block, tasks started in it included.

    Args:
        **fields: Any of `FIELDS`; a nested block adds to the outer one.

    Raises:
        ValueError: A field is not one of `FIELDS`.
    """
    if unknown := set(fields) - set(FIELDS):
        raise ValueError(f"not log fields: {', '.join(sorted(unknown))}")
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


class JsonFormatter(logging.Formatter):
    """`ts` (RFC 3339, UTC), `level`, `logger`, `msg`, the context; `stack` with an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Formats one record as one line."""
        line: dict[str, Any] = {
            "ts": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
            **_context.get(),
        }
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """`12:00:00.123 INFO  team/minilm message [logger]`, with the stack below where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Formats one record for people."""
        context = _context.get()
        where = "/".join(str(context[field]) for field in ("namespace", "pool") if field in context)
        parts = [_timestamp(record)[11:23], f"{record.levelname:<7}", where, record.getMessage()]
        line = " ".join(part for part in parts if part) + f" [{record.name}]"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def setup_logs(
    *, style: Literal["json", "text"] = "json", level: str = "INFO", stream: TextIO | None = None
) -> None:
    """Sends all logs of the process through one handler, in place of those that were there.

    Args:
        style: `json` or `text`.
        level: Lowest level of the project's own lines; at DEBUG the quiet loggers speak too.
        stream: Where to; standard error by default.

    Raises:
        ValueError: No such level.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.handlers[:] = [handler]
    for name in QUIET_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(root.level, logging.WARNING) if root.level > logging.DEBUG else logging.DEBUG)


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
