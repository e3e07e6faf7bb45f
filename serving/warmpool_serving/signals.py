"""SIGTERM and SIGINT, heard in every phase.

A thread waits for them, so that they are heard while the main thread sits in a C extension's
initialisation for seconds. Both are blocked in every thread first, which has two more effects: as
PID 1 a blocked signal is kept, where an unhandled one would be dropped by the kernel; and
uvicorn's own handlers, which stop at once, never run.
"""

import signal
import threading
from collections.abc import Callable
from typing import Final

_HEARD: Final = (signal.SIGTERM, signal.SIGINT)


def block() -> None:
    """Blocks both signals in this thread and in all threads it starts from now on."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)


def listen(on_signal: Callable[[signal.Signals], None]) -> threading.Thread:
    """Calls ``on_signal`` in a thread of its own for each signal; `block` must have run before."""

    def wait() -> None:
        while True:
            on_signal(signal.Signals(signal.sigwait(_HEARD)))

    thread = threading.Thread(target=wait, name="signals", daemon=True)
    thread.start()
    return thread
