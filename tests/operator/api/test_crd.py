"""The CRD as committed: up to date, and of the shape that Kubernetes demands."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import V1CustomResourceDefinition
from pydantic import ValidationError

from tests.operator.api.examples import EXAMPLES, pool_in
from tests.operator.api.invalid import CASES, ROOT, RULES, VALID, changed
from warmpool_operator.api import crd, names
from warmpool_operator.api.pool import PoolSpec

COPIES = ("crds/warmmodelpools.warmpool.dev.yaml", "charts/warmpool/files/warmmodelpools.warmpool.dev.yaml")


def version() -> dict[str, Any]:
    (only,) = crd.custom_resource_definition()["spec"]["versions"]
    return only


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of a structural schema with its path."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], f"{path}[]")


def filled(schema: dict[str, Any], value: Any) -> Any:
    """What the API server stores: absent fields filled from defaults, from the outside in."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        value = {k: copy.deepcopy(c["default"]) for k, c in properties.items() if "default" in c} | value
        inner = schema.get("additionalProperties", {})
        return {k: filled(properties.get(k, inner), v) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(schema["items"], item) for item in value]
    return value


@pytest.mark.parametrize("copy_", COPIES)
def test_committed_copy_is_up_to_date(copy_: str) -> None:
    assert (ROOT / copy_).read_text() == crd.render(), f"run: python -m warmpool_operator.api.crd > {copy_}"


def test_kubernetes_client_reads_it() -> None:
    V1CustomResourceDefinition.model_validate(yaml.safe_load(crd.render()))


def test_every_node_has_a_description_and_a_type() -> None:
    schema = version()["schema"]["openAPIV3Schema"]
    for path, node in nodes(schema):
        assert "type" in node or node.get("x-kubernetes-int-or-string"), path
        if not path.endswith("[]") and path and not path.startswith(".metadata"):
            assert node.get("description"), path
        if node.get("type") == "array":
            assert "x-kubernetes-list-type" in node, path


def test_every_list_and_map_that_a_rule_sees_is_bounded() -> None:
    # The API server refuses a CRD whose rules could cost too much; an unbounded text is assumed to be 3 MB.
    for path, node in nodes(version()["schema"]["openAPIV3Schema"]["properties"]["spec"]):
        if node.get("type") == "array":
            assert "maxItems" in node, path
        if "additionalProperties" in node:
            assert "maxProperties" in node, path
        if "pattern" in node:
            assert "maxLength" in node, path


def test_status_is_never_filled_in() -> None:
    status = version()["schema"]["openAPIV3Schema"]["properties"]["status"]
    assert not [path for path, node in nodes(status) if "default" in node]


def test_columns_point_at_fields_that_exist() -> None:
    schema = version()["schema"]["openAPIV3Schema"]
    known = dict(nodes(schema))
    known[".metadata.creationTimestamp"] = {"type": "date"}
    known['.status.conditions[?(@.type=="Ready")].reason'] = {"type": "string"}
    for column in version()["additionalPrinterColumns"]:
        assert known[column["jsonPath"]]["type"] == column["type"], column["name"]
    narrow = [c["name"] for c in version()["additionalPrinterColumns"] if not c.get("priority")]
    assert narrow == ["Desired", "Ready", "Warming", "In-Use", "Binding", "Age"]


def test_scale_subresource_points_at_integers() -> None:
    known = dict(nodes(version()["schema"]["openAPIV3Schema"]))
    scale = version()["subresources"]["scale"]
    assert known[scale["specReplicasPath"]]["type"] == "integer"
    assert known[scale["statusReplicasPath"]]["type"] == "integer"
    assert known[scale["labelSelectorPath"]]["type"] == "string"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_defaults_of_schema_and_models_agree(path: Path) -> None:
    spec = pool_in(path)["spec"] | {"ingress": {"className": "nginx"}}
    spec["scaling"] |= RULES
    schema = version()["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert filled(schema, spec) == PoolSpec.model_validate(spec).to_wire()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_pools(path: Path) -> None:
    pool = pool_in(path)
    assert pool["apiVersion"] == names.API_VERSION
    PoolSpec.model_validate(pool["spec"])


@pytest.mark.parametrize("case", [c for c in CASES if c.get("models")], ids=lambda case: case["name"])
def test_models_refuse_what_holds_for_one_field(case: dict[str, Any]) -> None:
    PoolSpec.model_validate(VALID["spec"])
    with pytest.raises(ValidationError):
        PoolSpec.model_validate(changed(VALID, case)["spec"])
