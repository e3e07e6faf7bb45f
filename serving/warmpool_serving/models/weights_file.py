"""Writes a graph's weights beside it, so that the server maps them instead of reading them.

Each tensor begins at a multiple of 64 bytes, the width of a cache line and of a vector register.
The order is that of the names, so the same model gives the same file.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_ALIGNMENT: Final = 64
_INLINE_BYTES: Final = 1024
"""Smaller tensors stay in the graph: shapes, and what onnxruntime wants to see while it loads."""


def write_weights(path: Path, tensors: dict[str, NDArray[Any]]) -> list[onnx.TensorProto]:
    """Writes the large ones of ``tensors`` to ``path``; returns initializers for all of them."""
    initializers = []
    with path.open("wb") as stream:
        for name in sorted(tensors):
            value = tensors[name]
            if value.nbytes < _INLINE_BYTES:
                initializers.append(numpy_helper.from_array(value, name))
                continue
            stream.write(b"\0" * (-stream.tell() % _ALIGNMENT))
            initializers.append(_external(name, value, path.name, stream.tell()))
            stream.write(value.tobytes())
    return initializers


def _external(name: str, value: NDArray[Any], location: str, offset: int) -> onnx.TensorProto:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype))
    proto = TensorProto(name=name, data_type=kind, dims=value.shape, data_location=TensorProto.EXTERNAL)
    for key, content in (("location", location), ("offset", offset), ("length", value.nbytes)):
        entry = proto.external_data.add()
        entry.key, entry.value = key, str(content)
    return proto
