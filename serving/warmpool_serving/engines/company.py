"""Who else computes at this moment, by which batches share the cores."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Company:
    """Counts those who are inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    @contextmanager
    def enter(self) -> Iterator[int]:
        """Be counted; yields how many are inside, this one included."""
        with self._lock:
            self._inside += 1
            inside = self._inside
        try:
            yield inside
        finally:
            with self._lock:
                self._inside -= 1
