"""The table of invalid specs, read by the tests of the models and by those against an API server."""

import copy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
VALID: dict[str, Any] = yaml.safe_load((ROOT / "examples/minilm.yaml").read_text())
CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "invalid_specs.yaml").read_text())
RULES: dict[str, Any] = {
    "schedules": [
        {"name": "day", "start": "45 7 * * mon-fri", "timeZone": "Europe/Berlin", "durationSeconds": 3600}
        | {"minReplicas": 2},
        {"name": "night", "start": "*/15 22,23 1-7/2 JAN 0", "timeZone": "UTC", "durationSeconds": 60}
        | {"maxReplicas": 1, "lead": 30, "suspend": True},
    ],
    "thresholds": [
        {"name": "busy", "signal": "requestsPerMinute", "enter": 1000, "exit": 800, "factorPercent": 130},
        {"name": "full", "signal": "utilization", "enter": 80, "exit": 40, "minReplicas": 3},
    ],
    "overrides": [{"name": "launch", "minReplicas": 3, "until": "2030-01-31T18:00:00+01:00"}],
}
"""Every kind of rule, with and without what has a default."""


def changed(pool: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """The pool with the case's changes applied."""
    pool = copy.deepcopy(pool)
    for path, value in case.get("set", {}).items():
        parent, leaf = _parent(pool, path)
        parent[leaf] = value
    for path in case.get("remove", []):
        parent, leaf = _parent(pool, path)
        del parent[leaf]
    return pool


def _parent(pool: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *steps, leaf = path.split(".")
    for step in steps:
        pool = pool.setdefault(step, {})
    return pool, leaf
