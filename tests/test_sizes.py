"""A file is one idea of at most 250 lines, a function fits a screen of 40: what CONTRIBUTING.md asks for."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ("operator", "serving", "hack", "bench", "tests")
FILE_LINES, FUNCTION_LINES = 250, 40


def too_long(source: str) -> Iterator[str]:
    """Name what is longer than it may be."""
    if (lines := len(source.splitlines())) > FILE_LINES:
        yield f"the file has {lines} lines"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.name} in line {node.lineno} has {lines} lines"


def test_files_and_functions_are_short() -> None:
    found = {
        str(path.relative_to(ROOT)): wrong
        for folder in SOURCES
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (wrong := list(too_long(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


def test_what_is_too_long_would_be_found() -> None:
    body = "    x = 1\n"
    assert list(too_long("async def f():\n" + body * FUNCTION_LINES)) == ["f in line 1 has 41 lines"]
    assert list(too_long("def f():\n" + body * (FUNCTION_LINES - 1))) == []
    assert list(too_long("\n" * (FILE_LINES + 1))) == ["the file has 251 lines"]
