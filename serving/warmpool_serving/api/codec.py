"""JSON in and out, with vectors as arrays of float32."""

import sys
from array import array
from typing import Any

import orjson


def loads(body: bytes) -> Any:
    """Decodes a body.

    Raises:
        ValueError: it is not JSON.
    """
    return orjson.loads(body)


def dumps(body: Any) -> bytes:
    """Encodes a body; floats of arrays are written with the fewest digits that give the same float32."""
    # Asking orjson for numpy makes it import numpy, which the fake engine does without.
    option = orjson.OPT_SERIALIZE_NUMPY if "numpy" in sys.modules else None
    return orjson.dumps(body, default=_array, option=option)


def _array(value: Any) -> Any:
    if not isinstance(value, array):
        raise TypeError(f"{type(value).__name__} is not JSON")
    numpy = sys.modules.get("numpy")
    return value.tolist() if numpy is None else numpy.frombuffer(value, dtype="f4")
