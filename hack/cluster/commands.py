"""Run other programs: what they print is kept for the error message."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from hack.cluster.backend import ClusterError

Argument = str | Path


def run(
    argv: Sequence[Argument],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end.

    Args:
        argv: Program and arguments; no shell.
        stdin: Text for its standard input; empty when not given.
        env: Variables added to the environment.
        timeout: Seconds before the program is ended.
        check: Raise when the exit status is not zero.

    Raises:
        ClusterError: Not found, failed or timed out; carries the end of its error output.
    """
    words = [str(word) for word in argv]
    shown = " ".join(words)[:200]
    try:
        done = subprocess.run(
            words,
            input=stdin or "",
            env={**os.environ, **env} if env else None,
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ClusterError(f"{words[0]} is not installed or not on PATH") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"no end after {timeout:.0f} s: {shown}") from error
    if check and done.returncode != 0:
        output = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise ClusterError(f"exit status {done.returncode}: {shown}\n{output}")
    return done


def show(argv: Sequence[Argument], *, env: Mapping[str, str] | None = None) -> None:
    """Run a program that takes minutes, its output shown on standard error as it comes.

    Raises:
        ClusterError: Not found or failed; carries the end of its output.
    """
    words = [str(word) for word in argv]
    tail: deque[str] = deque(maxlen=30)
    try:
        with subprocess.Popen(
            words,
            env={**os.environ, **env} if env else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                tail.append(line.rstrip())
                print(f"    {line.rstrip()}", file=sys.stderr, flush=True)
    except FileNotFoundError as error:
        raise ClusterError(f"{words[0]} is not installed or not on PATH") from error
    if process.returncode != 0:
        raise ClusterError(f"exit status {process.returncode}: {' '.join(words)[:200]}\n" + "\n".join(tail))
