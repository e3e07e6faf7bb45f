"""The converter: what pydantic emits becomes what Kubernetes accepts, and nothing slips through unseen."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from warmpool_operator.api.base import ApiModel
from warmpool_operator.api.schema import SchemaError, structural_schema

ATOMIC = {"x-kubernetes-list-type": "atomic"}


class Leaf(ApiModel):
    """A leaf."""

    size: int = Field(default=3, gt=0)
    """Its size."""


class Demanding(ApiModel):
    """A model with a required field."""

    size: int
    """Its size."""


class Tree(ApiModel):
    """A model that contains itself."""

    children: list["Tree"] = Field(default_factory=list)
    """Its children."""


def field_schema(annotation: Any, default: Any = ...) -> dict[str, Any]:
    """The schema of a model's only field."""
    model = type(
        "Probe",
        (ApiModel,),
        {"__annotations__": {"probe": annotation}, "__module__": __name__}
        | ({} if default is ... else {"probe": default}),
    )
    return structural_schema(model)["properties"]["probe"]


@pytest.mark.parametrize(
    ("annotation", "default", "expected"),
    [
        pytest.param(int, ..., {"type": "integer"}, id="scalar"),
        pytest.param(int, 7, {"type": "integer", "default": 7}, id="default"),
        pytest.param(bool, False, {"type": "boolean", "default": False}, id="false-is-a-default"),
        pytest.param(int | None, None, {"type": "integer"}, id="optional-means-absent"),
        pytest.param(
            Annotated[int, Field(gt=0, lt=9)],
            ...,
            {
                "type": "integer",
                "minimum": 0,
                "exclusiveMinimum": True,
                "maximum": 9,
                "exclusiveMaximum": True,
            },
            id="exclusive-bounds",
        ),
        pytest.param(
            Literal["a", "b"], "a", {"type": "string", "enum": ["a", "b"], "default": "a"}, id="enum"
        ),
        pytest.param(Literal["a"], ..., {"type": "string", "enum": ["a"]}, id="const"),
        pytest.param(int | str, ..., {"x-kubernetes-int-or-string": True}, id="int-or-string"),
        pytest.param(
            list[str], ..., {"type": "array", "items": {"type": "string"}} | ATOMIC, id="list-says-its-type"
        ),
        pytest.param(
            list[str],
            Field(default_factory=list),
            {"type": "array", "items": {"type": "string"}, "default": []} | ATOMIC,
            id="list-default",
        ),
        pytest.param(
            dict[str, int],
            ...,
            {"type": "object", "additionalProperties": {"type": "integer"}},
            id="map",
        ),
        pytest.param(
            Annotated[
                dict[str, Any], Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})
            ],
            ...,
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            id="opaque",
        ),
        pytest.param(
            Leaf,
            Field(default_factory=Leaf),
            {
                "type": "object",
                "description": "A leaf.",
                "properties": {
                    "size": {
                        "type": "integer",
                        "description": "Its size.",
                        "minimum": 0,
                        "exclusiveMinimum": True,
                        "default": 3,
                    }
                },
                "default": {},
            },
            id="reference-inlined-and-parent-defaulted",
        ),
    ],
)
def test_converts(annotation: Any, default: Any, expected: dict[str, Any]) -> None:
    assert field_schema(annotation, default) == expected


@pytest.mark.parametrize(
    ("annotation", "default", "message"),
    [
        pytest.param(dict[str, Any], ..., "accepts anything", id="undeclared-opaque"),
        pytest.param(Leaf | Demanding, ..., "union has no structural form", id="union"),
        pytest.param(Tree, ..., "Tree contains itself", id="recursion"),
        pytest.param(tuple[int, str], ..., "prefixItems", id="tuple"),
        pytest.param(Any, ..., "has no type", id="any"),
        pytest.param(
            Demanding, Field(default_factory=lambda: Demanding(size=1)), "no default fits", id="default"
        ),
        pytest.param(str, Field(default_factory=str), "only known for objects and lists", id="factory"),
    ],
)
def test_refuses_what_has_no_structural_form(annotation: Any, default: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as caught:
        field_schema(annotation, default)
    assert "Probe.probe" in str(caught.value), "the error names the field"


def test_descriptions_are_one_line() -> None:
    class Wordy(ApiModel):
        """First line
        and second line."""

    assert structural_schema(Wordy)["description"] == "First line and second line."


def test_a_status_has_no_defaults() -> None:
    assert "default" not in structural_schema(Leaf, defaults=False)["properties"]["size"]
