"""Who else computes at this moment: a batch alone may use all cores, and batches side by side one each."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Company:
    """Counts those who are inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    @contextmanager
    def enter(self) -> Iterator[bool]:
        """Be counted; yields whether nobody was inside before."""
        with self._lock:
            self._inside += 1
            alone = self._inside == 1
        try:
            yield alone
        finally:
            with self._lock:
                self._inside -= 1
