"""What was measured so far: one JSON object per line, so that a run can stop and go on.

A record is known by its part, its system and its repetition, and is measured once.
"""

import json
from collections.abc import Iterable
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


def missing(
    records: Iterable[Record], part: str, systems: Iterable[str], repetitions: int
) -> list[tuple[str, int]]:
    """Return what is to be measured yet, interleaved: every system once, then every system again."""
    done = {(record["system"], record["repetition"]) for record in records if record["part"] == part}
    turns = [(system, repetition) for repetition in range(repetitions) for system in systems]
    return [turn for turn in turns if turn not in done]
