"""A model without weights: exact, settable times and right answers by construction.

It exists to show behaviour that real weights cannot be made to show on demand (a load of 40 s, a
service time of 100 ms, a wrong answer). It imports nothing heavy, computes one text after another,
and sleeps instead of computing, so its capacity is workers ÷ service time on any machine. CPU is
spent only where it is asked for, for autoscalers that look at it.
"""

import hashlib
import math
import struct
import time
from collections.abc import Sequence
from typing import Final

from warmpool_serving.config import Settings
from warmpool_serving.engines.base import CPU, Begin, Encoded, Golden, Manifest, ModelError, unwatched
from warmpool_serving.models.bundle import FileEntry
from warmpool_serving.names import EngineName

DIMS: Final = 32
MAX_TOKENS: Final = 512
_SPECIAL: Final = 2
_BLOCK: Final = bytes(1 << 15)
"""Hashing this takes about 20 to 100 µs; hashlib gives the interpreter to others meanwhile."""
_PROOF_TEXTS: Final = ("warm", "ready")


class FakeEngine:
    """The fake engine; see the module."""

    name = EngineName.FAKE
    device = CPU
    padded = shares_cores = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.workers = settings.container_concurrency
        self.manifest = Manifest(
            name="fake", engine=self.name, dims=DIMS, max_tokens=MAX_TOKENS, pooling="mean",
            normalized=True, precision="fp32", files=_files(settings.fake_weights_mib),
        )  # fmt: skip
        self._weights = b""

    def import_libraries(self) -> None:
        """Nothing to import."""

    def load(self, begin: Begin = unwatched) -> None:
        """Takes time and memory as the settings say, then fails if ``WARMPOOL_FAKE_FAIL`` says so."""
        time.sleep(self._settings.fake_load_seconds)
        self._weights = b"\1" * (self._settings.fake_weights_mib << 20)
        if self._settings.fake_fail:
            raise ModelError(self._settings.fake_fail)

    def golden(self) -> Sequence[Golden]:
        """Two texts with their right vectors."""
        return [Golden(text, vector_of(encode_text(text))) for text in _PROOF_TEXTS]

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """One token per word, and two special ones."""
        return [encode_text(text) for text in texts]

    def compute(self, batch: Sequence[Encoded]) -> list[bytes]:
        """Sleeps as long as the settings say, then answers."""
        tokens = sum(len(item) for item in batch)
        millis = self._settings.fake_service_ms * len(batch) + self._settings.fake_ms_per_token * tokens
        until = time.monotonic() + millis / 1000
        spend_cpu(self._settings.fake_busy_ms * len(batch) / 1000)
        time.sleep(max(0.0, until - time.monotonic()))
        sign = -1.0 if self._settings.fake_wrong else 1.0
        return [vector_of(item, sign) for item in batch]


def spend_cpu(seconds: float) -> None:
    """Keeps a core busy for so many seconds of this thread's CPU time, without holding the interpreter."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        hashlib.sha256(_BLOCK)


def _files(weights_mib: int) -> dict[str, FileEntry]:
    return {"weights": FileEntry(weights_mib << 20, "")} if weights_mib else {}


def encode_text(text: str) -> Encoded:
    """Tokens of the fake vocabulary: a hash per word."""
    words = text.split()
    truncated = len(words) > MAX_TOKENS - _SPECIAL
    words = words[: MAX_TOKENS - _SPECIAL]
    hashes = [int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) for word in words]
    return Encoded([1, *hashes, 2], truncated)


def vector_of(item: Encoded, sign: float = 1.0) -> bytes:
    """The unit vector that belongs to these tokens: 32 signed bytes of a hash, normalised."""
    digest = hashlib.sha256(repr(list(item.ids)).encode()).digest()
    values = [sign * (byte - 127.5) for byte in digest]
    norm = math.sqrt(sum(value * value for value in values))
    return struct.pack(f"<{DIMS}f", *(value / norm for value in values))
