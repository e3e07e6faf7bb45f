"""What was measured so far: one JSON object per line, so that a run can stop and go on.

A record is known by its part, its system and its repetition, and is measured once.
"""

import json
from pathlib import Path
from typing import Any

FILE = Path("build/bench/serving.jsonl")

Record = dict[str, Any]


def read(file: Path = FILE) -> list[Record]:
    """Return all records, oldest first."""
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def write(record: Record, file: Path = FILE) -> None:
    """Append one record."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record) + "\n")
