"""What an engine is.

An engine is built cheap, then driven by one thread through ``import_libraries`` and ``load``; from
then on ``encode`` and ``compute`` are called from several threads at once. Vectors travel as
little-endian float32 bytes, so that no caller needs numpy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from warmpool_serving.models.bundle import Golden, Manifest, ModelError
from warmpool_serving.names import EngineName, Phase

__all__ = ["CPU", "Begin", "Encoded", "Engine", "Golden", "Manifest", "ModelError", "first_line", "unwatched"]

CPU: Final = "cpu"

Begin = Callable[[Phase], None]
"""Takes the phase of the cold start that begins now; the one before it ends."""


def unwatched(_: Phase) -> None:
    """Takes phases where nobody measures the start."""


def first_line(error: BaseException) -> str:
    """What an error says, without the advice and the traces that libraries add."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One tokenised text; ``len`` is its tokens, special ones included, after truncation."""

    ids: Sequence[int]
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.ids)


class Engine(Protocol):
    """Computes embeddings of tokenised texts."""

    name: EngineName

    @property
    def manifest(self) -> Manifest:
        """The model; valid once built."""

    @property
    def workers(self) -> int:
        """Threads that may call `compute` at the same time to good effect."""

    @property
    def device(self) -> str:
        """What computes: `CPU`, or the name of a device; valid once loaded."""

    @property
    def shares_cores(self) -> bool:
        """Whether a batch that is computed alone uses the cores of all workers."""

    @property
    def padded(self) -> bool:
        """Whether a batch costs its longest text times its size, rather than its tokens."""

    def import_libraries(self) -> None:
        """Imports what is heavy."""

    def load(self, begin: Begin = unwatched) -> None:
        """Makes the model ready to compute.

        Begins in the phase ``load``. An engine that compiles, and can tell that from loading, says so with
        ``begin``; it may come back to ``load``.

        Raises:
            ModelError: files are missing, corrupt, or of another kind.
        """

    def golden(self) -> Sequence[Golden]:
        """Texts and the vectors a correct model gives for them; at least one."""

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Tokenises, truncating at ``manifest.max_tokens``."""

    def compute(self, batch: Sequence[Encoded]) -> list[bytes]:
        """One vector of ``manifest.dims`` little-endian float32 per text, in order."""
