"""Faults are known by what they do: their keys outlive edits, and every judgement is of one that exists."""

import ast
from pathlib import Path

import pytest

from bench.mutation.judged import judgements
from bench.mutation.mutants import faults_of, mutants_of

CAPACITY = Path(__file__).parents[2] / "operator/warmpool_operator/capacity"
SOURCE = '''
LIMIT = 3

class Window:
    def add(self, at, width=2):
        """Add one."""
        if at > LIMIT and at < width:
            return at // 2 + max(at, 1)
        return at // 2 + self.find(at, strict=True)
'''


def keys(source: str) -> list[str]:
    return [fault.key for _, fault in faults_of(ast.parse(source))]


def test_a_key_says_where_and_what() -> None:
    found = keys(SOURCE)
    assert found[0] == "module: LIMIT = 3: 3 -> 4"
    assert "Window.add: at > LIMIT and at < width: condition inverted" in found
    assert "Window.add: at > LIMIT: Gt -> GtE" in found
    assert "Window.add: self.find(at, strict=True): True -> False" in found
    assert "Window.add: max(at, 1): max -> min" in found
    assert "Window.add: 2: 2 -> 3" in found, "a default stands in no expression"


def test_those_that_read_alike_are_numbered() -> None:
    found = keys(SOURCE)
    assert [key for key in found if key.startswith("Window.add: at // 2: 2 -> 3")] == [
        "Window.add: at // 2: 2 -> 3",
        "Window.add: at // 2: 2 -> 3 (2)",
    ]
    assert len(set(found)) == len(found)


def test_edits_elsewhere_do_not_change_a_key() -> None:
    edited = SOURCE.replace("LIMIT = 3", "# why\n\nOTHER = 7\nLIMIT = 3").replace(
        "at > LIMIT", "at  >  (LIMIT)"
    )
    assert set(keys(SOURCE)) <= set(keys(edited))


def test_a_mutant_is_the_module_with_one_change(tmp_path: Path) -> None:
    path = tmp_path / "window.py"
    path.write_text("def f(at):\n    return at // 2\n")
    mutants = {mutant.key: mutant for mutant in mutants_of(path)}
    assert mutants["window.py: f: at // 2: 2 -> 3"].source == "def f(at):\n    return at // 3"
    assert str(mutants["window.py: f: at // 2: 2 -> 3"]) == "window.py:2: f: at // 2: 2 -> 3"


@pytest.mark.parametrize("key", judgements())
def test_what_is_judged_exists(key: str) -> None:
    name, _, fault = key.partition(": ")
    assert fault in keys((CAPACITY / name).read_text()), "the code that it judges has changed: judge it anew"
