"""A program that prints a line whenever something changes, read by a thread beside the measurement."""

import subprocess
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self


class Following(ABC):
    """Runs a program while it is entered, and takes its lines one by one.

    Args:
        argv: program and arguments, such as a watch of kubectl's.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = list(argv)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True, bufsize=1 << 16)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._thread.join(10)

    @abstractmethod
    def take_line(self, line: str) -> None:
        """Note what one line tells, in the thread that reads."""

    def _follow(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        with self._process.stdout as lines:
            for line in lines:
                self.take_line(line)
