"""Keeps the long output of a build in a file and shows where it stands."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TextIO

from hack.demo.talk import Show

OWN = re.compile(r"^\[ *[\d.]+s\] (.+)")
"""A line that the project's own tools say."""
BUILD_STEP = re.compile(r"^ *((?:\[\d+/\d+\] )?STEP \d+/\d+): *(\S+)")
"""A step of a Dockerfile: its number and its instruction."""


@contextmanager
def quietly(log: Path, show: Show, *, build_steps: bool = True) -> Iterator[None]:
    """Write what goes to standard error into `log`, and show its milestones, with or without build steps."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file, redirect_stderr(_Milestones(file, show, build_steps)):
        yield


class _Milestones(io.TextIOBase):
    def __init__(self, file: TextIO, show: Show, build_steps: bool) -> None:
        self._file = file
        self._show = show
        self._build_steps = build_steps
        self._doing = ""

    def write(self, text: str) -> int:
        self._file.write(text)
        for line in text.splitlines():
            if own := OWN.match(line):
                self._doing = own[1]
                self._show(self._doing)
            elif self._build_steps and (step := BUILD_STEP.match(line)):
                self._show(f"{self._doing} {step[1].lower()}: {step[2]}")
        return len(text)

    def flush(self) -> None:
        self._file.flush()
