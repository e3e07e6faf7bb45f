"""The kubelet's part: asks a URL again and again on new connections, in a process of its own.

`python -m bench.serving.prober URL GAP` prints one number per probe, in seconds, until its input is closed; a
probe that is refused or not answered counts as 60 s.
"""

import subprocess
import sys
import threading
import time
import urllib.request
from typing import Self

_LOST_SECONDS = 60.0


class Prober:
    """Probes while it is entered; `times` then has what each probe took."""

    def __init__(self, url: str, *, gap: float) -> None:
        self._argv = [sys.executable, "-m", "bench.serving.prober", url, str(gap)]
        self.times: list[float] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        lines = self._process.communicate(timeout=30)[0].split()
        self.times = [float(line) for line in lines]


def _probe(url: str) -> float:
    began = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=_LOST_SECONDS) as answer:  # noqa: S310 - the address is loopback
            answer.read()
    except OSError:
        return _LOST_SECONDS
    return time.monotonic() - began


def main(url: str, gap: float) -> None:
    """Probe until standard input ends."""
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    while not ended.wait(gap):
        print(_probe(url), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
