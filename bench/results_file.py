"""One results file per benchmark: flat figures, and what is needed to judge them."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def write_results(
    name: str, figures: Mapping[str, float], *, repeats: int, versions: Mapping[str, str] | None = None
) -> Path:
    """Write `bench/results/NAME.json` and return its path.

    Args:
        name: of the benchmark.
        figures: name to number; the unit is in the name.
        repeats: how often what was measured was repeated.
        versions: of what the figures depend on beside Python and warmpool.
    """
    document = {
        "figures": {key: round(value, 4) for key, value in sorted(figures.items())},
        "repeats": repeats,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"cores": os.cpu_count(), "arch": platform.machine(), "kernel": platform.release()},
        "versions": {
            "python": platform.python_version(),
            "warmpool": importlib.metadata.version("warmpool"),
            **(versions or {}),
        },
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path
