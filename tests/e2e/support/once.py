"""What one of several test workers does for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.lock import exclusive


@dataclass(frozen=True)
class Once:
    """Remembers in a folder that all workers of a run share.

    Attributes:
        folder: the folder; a new one for each run.
    """

    folder: Path

    def do(self, what: str, action: Callable[[], None]) -> None:
        """Run the action unless another worker has; wait for it if another worker is at it."""
        name = what.replace(" ", "-")
        done = self.folder / f"{name}.done"
        with exclusive(self.folder / f"{name}.lock", what=what):
            if not done.exists():
                action()
                done.touch()
