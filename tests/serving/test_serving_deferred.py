"""Imports that are put off, shown with a module of the standard library that nobody here has imported."""

import sys

import pytest

from warmpool_serving.engines.deferred import deferred


def test_a_function_imports_its_module_when_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with deferred("colorsys"):
        from colorsys import rgb_to_hsv
    assert "colorsys" not in sys.modules
    assert rgb_to_hsv(1, 1, 1) == (0.0, 0.0, 1)
    assert "colorsys" in sys.modules


def test_afterwards_an_import_is_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with deferred("colorsys"):
        pass
    import colorsys

    assert pytest.approx(1 / 3) == colorsys.ONE_THIRD


def test_a_module_that_is_there_stays_there() -> None:
    import json

    with deferred("json"):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json
