"""Arithmetic on vectors that travel as little-endian float32 bytes. Standard library only."""

import math
import sys
from array import array

_BYTES = 4


def floats(vector: bytes) -> "array[float]":
    """The numbers of a vector."""
    values = array("f", vector)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def cosine(left: bytes, right: bytes) -> float:
    """Cosine of two vectors; 0.0 where a length differs, a norm is zero, or a number is not finite."""
    if len(left) != len(right):
        return 0.0
    a, b = floats(left), floats(right)
    norms = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(x * x for x in b))
    value = math.fsum(x * y for x, y in zip(a, b, strict=True)) / norms if norms else 0.0
    return value if math.isfinite(value) else 0.0


def shortened(vector: bytes, dims: int, *, normalized: bool) -> bytes:
    """The first ``dims`` numbers, scaled to length 1 again if ``normalized``: Matryoshka vectors."""
    values = floats(vector[: dims * _BYTES])
    norm = math.sqrt(math.fsum(x * x for x in values)) if normalized else 1.0
    result = array("f", (x / norm for x in values)) if norm else values
    if sys.byteorder == "big":
        result.byteswap()
    return result.tobytes()
