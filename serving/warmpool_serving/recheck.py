"""After a batch that failed: was it the batch, or does the engine compute nothing any more?

Errors of CUDA stay: after one, every later call fails, and at once, so that the pod that computes nothing
answers fastest of all and draws its neighbours' requests. Such a process has to end.
"""

from collections.abc import Callable

from warmpool_serving.engines.base import Engine, first_line
from warmpool_serving.warmup import prove


class Recheck:
    """Proves the engine again, as before it was ready."""

    def __init__(self, engine: Engine, on_broken: Callable[[str], None]) -> None:
        """``on_broken`` is called from a worker's thread, perhaps more than once, with what to tell people."""
        self._engine, self._on_broken = engine, on_broken

    def __call__(self) -> bool:
        """Whether the engine is still what was proven; if not, ``on_broken`` has been told."""
        try:
            prove(self._engine)
        except Exception as error:
            self._on_broken(f"the engine no longer computes: {first_line(error)}")
            return False
        return True
