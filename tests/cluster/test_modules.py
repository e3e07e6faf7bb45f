"""The key of a build changes with everything that changes a binary, and with nothing else."""

from pathlib import Path

import pytest

from hack.cluster.embedded.modules import GoModule, Program


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "go.mod").write_text("module m\n")
    (tmp_path / "go.sum").write_text("sum\n")
    (tmp_path / "main.go").write_text("package main\n")
    return tmp_path


def module(**variables: str) -> GoModule:
    return GoModule(name="m", programs={"p": Program(package=".", variables=variables)})


def test_key_is_stable_and_fit_for_a_folder_name(source: Path) -> None:
    key = module().key(source)
    assert key == module().key(source)
    assert len(key) == 16
    assert int(key, 16) >= 0


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_key_follows_the_sources(source: Path, file: str) -> None:
    before = module().key(source)
    (source / file).write_text("something else\n")
    assert module().key(source) != before


def test_key_follows_a_new_source_file(source: Path) -> None:
    before = module().key(source)
    (source / "more.go").write_text("")
    assert module().key(source) != before


def test_key_follows_the_version_that_is_linked_in(source: Path) -> None:
    assert module(version="v1").key(source) != module(version="v2").key(source)


def test_key_ignores_what_is_not_compiled(source: Path) -> None:
    before = module().key(source)
    (source / "README.md").write_text("words\n")
    assert module().key(source) == before


def test_content_cannot_move_between_files_unnoticed(source: Path) -> None:
    before = module().key(source)
    (source / "go.mod").write_text("module m\nsum\n")
    (source / "go.sum").write_text("")
    assert module().key(source) != before
