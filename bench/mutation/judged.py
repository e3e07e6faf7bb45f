"""Mutants that are known to survive, with the reason: by what they do, so that edits elsewhere do not matter.

A key is the module, the function, the source that is changed, and the change:
`window.py: remember: MAX_BUCKETS - 2: 2 -> 3`. A second one that reads alike in the same function has a number.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parent / "survivors.json"


def judgements() -> Mapping[str, str]:
    """Return the reasons by key."""
    found: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
