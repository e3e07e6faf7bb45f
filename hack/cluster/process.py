"""Processes that outlive the command that started them, found again and ended safely.

Invariant: a process is signalled only after its identity was checked. A pid alone says nothing: it may have
been given to another program since. Start time and command line are compared as well.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """Identity of a process.

    Attributes:
        pid: Process id.
        started: Start time in clock ticks since boot, field 22 of `/proc/PID/stat`.
        argv: Command line.
    """

    pid: int
    started: int
    argv: tuple[str, ...]

    @property
    def program(self) -> str:
        """Base name of the program."""
        return Path(self.argv[0]).name if self.argv else ""


def read_process(pid: int) -> Process | None:
    """Identity of a live process; None when it is gone or a zombie."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
        cmdline = (_PROC / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # The program name is in parentheses and may hold spaces; the fields that follow it do not.
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in {"Z", "X"}:
        return None
    argv = tuple(word.decode(errors="replace") for word in cmdline.split(b"\0") if word)
    return Process(pid=pid, started=int(fields[19]), argv=argv)


def is_alive(process: Process) -> bool:
    """Whether this very process still runs, rather than another one with its pid."""
    return read_process(process.pid) == process


def all_processes() -> Iterator[Process]:
    """Every live process that has a command line."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (process := read_process(int(entry.name))) and process.argv:
            yield process


def find_processes(match: Callable[[Process], bool]) -> list[Process]:
    """Live processes that match; never this one."""
    return [process for process in all_processes() if process.pid != os.getpid() and match(process)]


def start_detached(argv: Sequence[str], *, log: Path, record: Path) -> Process:
    """Start a program in a session of its own, its output in a file, and write down who it is.

    Args:
        argv: Absolute path of the program, and arguments.
        log: File that its output is added to.
        record: File that its identity is written to.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    record.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    # posix_spawn and not Popen: a Popen object that is dropped while its child runs warns about it.
    pid = os.posix_spawn(
        argv[0],
        list(argv),
        dict(os.environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    process = _read_started(pid) or Process(pid=pid, started=0, argv=tuple(argv))
    record.write_text(json.dumps(asdict(process)))
    return process


def _read_started(pid: int) -> Process | None:
    # The kernel shows an empty command line for a moment after a program was loaded.
    deadline = time.monotonic() + 1.0
    while (process := read_process(pid)) and not process.argv and time.monotonic() < deadline:
        time.sleep(0.001)
    return process


def load_record(record: Path) -> Process | None:
    """Read an identity back; None when the file is missing or damaged."""
    try:
        data = json.loads(record.read_text())
        return Process(pid=int(data["pid"]), started=int(data["started"]), argv=tuple(data["argv"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stop_processes(processes: Iterable[Process], *, grace: float) -> list[Process]:
    """Ask processes to end, and kill what is left.

    Args:
        processes: Who; each is checked again before each signal.
        grace: Seconds between SIGTERM and SIGKILL; 0 kills at once.

    Returns:
        Those that are still alive 5 s after SIGKILL.
    """
    left = [process for process in processes if is_alive(process)]
    if grace > 0:
        _signal(left, signal.SIGTERM)
        left = _wait(left, grace)
    _signal(left, signal.SIGKILL)
    return _wait(left, 5.0)


def _signal(processes: Sequence[Process], number: signal.Signals) -> None:
    for process in processes:
        if is_alive(process):
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                continue


def _wait(processes: Sequence[Process], timeout: float) -> list[Process]:
    deadline = time.monotonic() + timeout
    left = list(processes)
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        for process in left:
            _reap(process.pid)
        left = [process for process in left if is_alive(process)]
    return left


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
