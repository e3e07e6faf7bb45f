"""The pure core may name types of time; it must never ask what time it is."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3] / "operator/warmpool_operator"
PURE = sorted(
    path
    for part in ("api", "capacity", "admission", "desired", "simulate")
    for path in (ROOT / part).rglob("*.py")
)
CLOCKS = {
    "now",
    "utcnow",
    "today",
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "localtime",
}


def clock_calls(source: str) -> list[str]:
    called = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(each) for each in called if isinstance(each, ast.Attribute) and each.attr in CLOCKS]


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pure_module_asks_a_clock(path: Path) -> None:
    assert clock_calls(path.read_text()) == []


def test_a_call_of_a_clock_would_be_found() -> None:
    assert clock_calls("from datetime import UTC, datetime\nx = datetime.now(UTC)") == ["datetime.now"]
    assert clock_calls("import datetime as d\nx = d.date.today()") == ["d.date.today"]
