"""A bundle by its manifest: weights that nobody computes with, a file in a folder, an empty one."""

import hashlib
import json
import random
from pathlib import Path

WEIGHTS = "weights.bin"


def write_bundle(folder: Path, *, size: int) -> Path:
    """Write a bundle with so many bytes of weights; the same size gives the same bytes."""
    content = {
        WEIGHTS: random.Random(size).randbytes(size),
        "nested/tokenizer.json": b'{"a": 1}',
        "empty.txt": b"",
    }
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    files = {n: {"size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in content.items()}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": files}))
    return folder
