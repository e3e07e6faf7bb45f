"""Drift: never without a change, always with one; what the API server adds or drops is none."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.desired.drift import drifted

GOLDEN = Path(__file__).parents[2] / "golden"
MANIFESTS = sorted(path for path in GOLDEN.glob("*/*.yaml") if path.name != "pool.yaml")
EMPTY: tuple[Any, ...] = ({}, [], "", None)

trees = st.recursive(
    st.integers() | st.text(max_size=3) | st.booleans() | st.none(),
    lambda child: st.dictionaries(st.sampled_from("abc"), child, max_size=3) | st.lists(child, max_size=3),
    max_leaves=20,
)


def stored(node: Any) -> Any:
    """What the API server gives back: defaults and status added to every map, empty values left out."""
    if isinstance(node, dict):
        kept = {key: stored(child) for key, child in node.items()}
        return {key: child for key, child in kept.items() if child not in EMPTY} | {"zz-default": {"a": [1]}}
    if isinstance(node, list):
        return [stored(child) for child in node]
    return str(node) if type(node) is int else node


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield from leaves(child, (*path, key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from leaves(child, (*path, index))
    else:
        yield path


def shown(path: tuple[Any, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_manifest_never_drifts_from_what_the_server_makes_of_it(file: Path) -> None:
    manifest = yaml.safe_load(file.read_text())
    assert drifted(manifest, manifest) == []
    assert drifted(manifest, stored(manifest)) == []


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_changed_or_removed_leaf_is_found(file: Path) -> None:
    manifest = yaml.safe_load(file.read_text())
    for path in leaves(manifest):
        live = copy.deepcopy(manifest)
        parent = live
        for part in path[:-1]:
            parent = parent[part]
        before = parent[path[-1]]
        parent[path[-1]] = "something else"
        assert drifted(manifest, live) == [shown(path)]
        if isinstance(parent, dict) and before not in EMPTY:
            del parent[path[-1]]
            assert drifted(manifest, live) == [shown(path)]


@given(trees)
def test_nothing_drifts_from_its_stored_form(wanted: Any) -> None:
    if isinstance(wanted, dict):
        assert drifted(wanted, stored(wanted)) == []


@pytest.mark.parametrize(
    ("wanted", "live", "found"),
    [
        ({"a": [1, 2]}, {"a": [1]}, [".a"]),
        ({"a": [1]}, {"a": [1, 2]}, [".a"]),
        ({"a": []}, {"a": [1]}, [".a"]),
        ({"a": []}, {}, []),
        ({"a": {}}, {}, []),
        ({"a": {}}, {"a": {"default": 1}}, []),
        ({"a": {"b": {}}}, {}, []),
        ({"a": {"b": 1}}, {"a": "text"}, [".a"]),
        ({"a": {"b": 1, "c": 2}}, {}, [".a.b", ".a.c"]),
        ({"a": ""}, {}, []),
        ({"a": ""}, {"a": "x"}, [".a"]),
        ({"a": False}, {"a": True}, [".a"]),
        ({"a": 0}, {"a": 1}, [".a"]),
        ({"a": 80}, {"a": "80"}, []),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}], ["[1].a"]),
        ({"a": 1}, None, [".a"]),
        ({"a": 1}, [], ["."]),
        ({"a": None}, {"a": 1}, []),
    ],
)
def test_drift_table(wanted: Any, live: Any, found: list[str]) -> None:
    assert drifted(wanted, live) == found
