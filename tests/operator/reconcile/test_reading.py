"""Parsing pools as the API server stores them, also those of a newer definition than this operator's."""

from typing import Any

import pytest

from warmpool_operator.reconcile.reading import InvalidSpecError, parse_pool


def body(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "model": {"name": "m", "source": {"baked": {}}},
        "server": {"image": "server:1"},
        "scaling": {"maxReplicas": 3},
    }
    metadata = {"namespace": "team", "name": "minilm", "uid": "u", "generation": 4}
    return {"metadata": metadata, "spec": spec | changes}


def test_fields_of_a_newer_definition_do_not_stop_a_pool() -> None:
    newer = body(scaling={"maxReplicas": 3, "fromTheFuture": []}, alsoNew={"a": 1})
    assert parse_pool(newer).spec == parse_pool(body()).spec


def test_what_cannot_be_used_is_said_by_field() -> None:
    with pytest.raises(InvalidSpecError, match=r"spec\.scaling\.maxReplicas: "):
        parse_pool(body(scaling={"maxReplicas": "many"}))
