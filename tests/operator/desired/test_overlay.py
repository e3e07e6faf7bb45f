"""The overlay: maps merged, named lists merged by what identifies an item, everything else replaced."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.desired.overlay import overlay

CASES: list[tuple[str, Any, Any, Any]] = [
    ("new key", {"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
    ("deep", {"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
    ("plain list replaced", {"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
    ("unnamed list replaced", {"a": [{"x": 1}]}, {"a": [{"y": 1}]}, {"a": [{"y": 1}]}),
    ("null removes", {"a": 1, "b": {"c": 1, "d": 2}}, {"a": None, "b": {"c": None}}, {"b": {"d": 2}}),
    ("null of nothing", {"a": 1}, {"b": None}, {"a": 1}),
    ("sidecar", [{"name": "a"}], [{"name": "b", "x": 1}], [{"name": "a"}, {"name": "b", "x": 1}]),
    ("by name", [{"name": "a", "x": 1}], [{"name": "a", "y": 2}], [{"name": "a", "x": 1, "y": 2}]),
    (
        "one volume twice",
        [{"name": "tmp", "mountPath": "/tmp"}],
        [{"name": "c", "mountPath": "/c"}, {"name": "c", "mountPath": "/d"}],
        [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "c", "mountPath": "/c"},
            {"name": "c", "mountPath": "/d"},
        ],
    ),
    (
        "another volume at a path",
        [{"name": "tmp", "mountPath": "/tmp"}],
        [{"name": "big", "mountPath": "/tmp"}],
        [{"name": "big", "mountPath": "/tmp"}],
    ),
    (
        "the base's volume at a second path",
        [{"name": "tmp", "mountPath": "/tmp"}],
        [{"name": "tmp", "mountPath": "/var/tmp"}],
        [{"name": "tmp", "mountPath": "/tmp"}, {"name": "tmp", "mountPath": "/var/tmp"}],
    ),
]

trees = st.recursive(
    st.integers() | st.text(max_size=3) | st.booleans(),
    lambda child: st.dictionaries(st.sampled_from("abc"), child, max_size=3) | st.lists(child, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(("base", "over", "result"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_overlay(base: Any, over: Any, result: Any) -> None:
    assert overlay(base, over) == result


@given(trees)
def test_empty_overlay_changes_nothing(base: Any) -> None:
    if isinstance(base, dict):
        assert overlay(base, {}) == base


@given(trees, trees)
def test_overlay_twice_is_overlay_once(base: Any, over: Any) -> None:
    once = overlay(base, over)
    assert overlay(once, over) == once


@given(trees, trees)
def test_inputs_are_not_changed(base: Any, over: Any) -> None:
    before = repr((base, over))
    overlay(base, over)
    assert repr((base, over)) == before
