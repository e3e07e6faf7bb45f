"""Progress for a person, on standard error, so that standard output stays usable in scripts."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_START = time.monotonic()


def say(message: str) -> None:
    """Print one line with the seconds since the program started."""
    print(f"[{time.monotonic() - _START:6.1f}s] {message}", file=sys.stderr, flush=True)


def seconds(value: float) -> str:
    """Duration as people write it: `42 s`, `3 min 5 s`."""
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


@contextmanager
def step(message: str) -> Iterator[None]:
    """Announce a step, and say how long it took when it succeeded."""
    say(f"{message} …")
    begin = time.monotonic()
    yield
    say(f"{message}: done in {time.monotonic() - begin:.1f} s")
