"""`operator/` is a folder for sources and must never become a package: it would replace the stdlib's."""

import operator
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["__init__.py", "conftest.py"])
def test_operator_folder_is_no_package(name: str) -> None:
    assert (ROOT / "operator" / "warmpool_operator").is_dir()
    assert not (ROOT / "operator" / name).exists()


def test_no_tests_live_beside_the_sources() -> None:
    assert [path for path in (ROOT / "operator").rglob("*test*.py") if path.name != "selftest.py"] == []


def test_operator_is_the_one_of_the_standard_library() -> None:
    stdlib = Path(sysconfig.get_path("stdlib"))
    assert operator.__spec__ is not None
    assert Path(str(operator.__spec__.origin)).parent == stdlib


@pytest.mark.parametrize("arguments", [["-c", "import json, operator"], ["-m", "json.tool", "--help"]])
def test_the_interpreter_starts_in_the_root_of_the_repository(arguments: list[str]) -> None:
    """A regular package named `operator` would end every `python -m` in this folder."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
