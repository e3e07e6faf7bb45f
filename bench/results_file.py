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
    name: str,
    figures: Mapping[str, float],
    *,
    repeats: int,
    versions: Mapping[str, str] | None = None,
    machine: Mapping[str, object] | None = None,
) -> Path:
    """Write `bench/results/NAME.json` and return its path.

    Args:
        name: of the benchmark.
        figures: name to number; the unit is in the name.
        repeats: how often what was measured was repeated.
        versions: of what the figures depend on beside Python and warmpool.
        machine: what it was measured on, where that is not this one.
    """
    document = {
        "figures": {key: round(value, 4) for key, value in sorted(figures.items())},
        "repeats": repeats,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine
        or {"cores": os.cpu_count(), "arch": platform.machine(), "kernel": platform.release()},
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


def add_results(
    name: str, figures: Mapping[str, float], *, repeats: int, versions: Mapping[str, str] | None = None
) -> Path:
    """Write figures beside those that `bench/results/NAME.json` has; for benchmarks whose parts run one by one.

    A figure that is measured anew replaces the old one. What the old ones depend on stays named.

    Args:
        name: of the benchmark.
        figures: as for `write_results`.
        repeats: likewise.
        versions: likewise.
    """
    path = RESULTS / f"{name}.json"
    before = json.loads(path.read_text()) if path.exists() else {"figures": {}, "versions": {}}
    known = {key: value for key, value in before["versions"].items() if key not in {"python", "warmpool"}}
    both = {**before["figures"], **figures}
    return write_results(name, both, repeats=repeats, versions={**known, **(versions or {})})
