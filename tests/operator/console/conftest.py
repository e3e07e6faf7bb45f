"""The command line, run in this process as its entry point would run it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from warmpool_operator.console.app import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `warmpool` with arguments."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str, program: str = "warmpool") -> Ended:
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Ended(int(end.value.code or 0), out, err)

    return run
