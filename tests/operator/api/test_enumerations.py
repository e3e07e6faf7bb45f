"""Values of enumerations must survive YAML 1.1, in which some unquoted words are booleans or null."""

from collections.abc import Iterator
from typing import Any

import yaml

from warmpool_operator.api.crd import custom_resource_definition


def enumerations(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for value in node.get("enum", []) if isinstance(value, str))
        for value in node.values():
            yield from enumerations(value)
    elif isinstance(node, list):
        for value in node:
            yield from enumerations(value)


def test_every_value_is_a_string_without_quotes() -> None:
    version = custom_resource_definition()["spec"]["versions"][0]
    values = set(enumerations(version["schema"]["openAPIV3Schema"]["properties"]["spec"]))
    assert {"Always", "Disabled"} <= values
    # PyYAML reads YAML 1.1, as kubectl and Helm do.
    assert [value for value in values if yaml.safe_load(f"mode: {value}") != {"mode": value}] == []
