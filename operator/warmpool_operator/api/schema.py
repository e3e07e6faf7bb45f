"""Turns a pydantic model into the structural schema that a CustomResourceDefinition needs.

Kubernetes accepts only a part of JSON Schema: no references, no null, no unions, and `additionalProperties`
only for maps. The conversion is pure and total over what it knows; whatever it does not know is an error, so
that a model which Kubernetes would read differently from pydantic fails here and not on a cluster.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

Schema = dict[str, Any]

INT_OR_STRING: Final = "x-kubernetes-int-or-string"
LIST_TYPE: Final = "x-kubernetes-list-type"
PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"

KEPT: Final = (
    "type",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    INT_OR_STRING,
    LIST_TYPE,
    "x-kubernetes-list-map-keys",
    PRESERVE,
    "x-kubernetes-validations",
)
"""Keywords that mean the same to pydantic and to Kubernetes."""
DROPPED: Final = ("title", "format")
"""Titles repeat the field name; a format that Kubernetes does not know is ignored there without a word."""
CONVERTED: Final = (
    "$defs",
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "properties",
)
KNOWN: Final = frozenset((*KEPT, *DROPPED, *CONVERTED))


class SchemaError(ValueError):
    """A model uses something that has no structural form."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


def structural_schema(model: type[BaseModel], *, defaults: bool = True) -> Schema:
    """Return the structural schema of a model, by alias, with every reference inlined.

    Args:
        model: the model; its docstring and attribute docstrings become descriptions.
        defaults: whether the API server fills absent fields. A status is written by one program, complete,
            and must not appear by itself: False.

    Raises:
        SchemaError: the model is recursive or uses a construct without a structural form.
    """
    source = model.model_json_schema(by_alias=True)
    return _Converter(definitions=source.get("$defs", {}), defaults=defaults).convert(
        source, path=model.__name__, stack=()
    )


class _Converter:
    """Walks one JSON Schema; `stack` holds the references that lead to the present node."""

    def __init__(self, *, definitions: Mapping[str, Schema], defaults: bool) -> None:
        self._definitions = definitions
        self._defaults = defaults

    def convert(self, node: Schema, *, path: str, stack: tuple[str, ...]) -> Schema:
        node, stack = self._resolve(node, path=path, stack=stack)
        unknown = sorted(node.keys() - KNOWN)
        if unknown:
            raise SchemaError(path, f"no structural form is known for {', '.join(unknown)}")
        result: Schema = {}
        if "description" in node:
            result["description"] = " ".join(node["description"].split())
        result |= {key: node[key] for key in KEPT if key in node}
        if "const" in node:
            result["enum"] = [node["const"]]
        _convert_bounds(node, result)
        if self._defaults and node.get("default") is not None:
            result["default"] = node["default"]
        self._convert_children(node, result, path=path, stack=stack)
        if "type" not in result and INT_OR_STRING not in result:
            raise SchemaError(path, "has no type")
        return result

    def _resolve(self, node: Schema, *, path: str, stack: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        """Inline references and unions until a plain node is left; what stands beside them wins."""
        while "$ref" in node or "anyOf" in node:
            beside = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
            if "$ref" in node:
                name = node["$ref"].removeprefix("#/$defs/")
                if name in stack:
                    raise SchemaError(path, f"{name} contains itself: a structural schema cannot recurse")
                stack = (*stack, name)
                node = {**self._definitions[name], **beside}
            else:
                node = {**_only_branch(node["anyOf"], path=path), **beside}
        return node, stack

    def _convert_children(self, node: Schema, result: Schema, *, path: str, stack: tuple[str, ...]) -> None:
        if "properties" in node:
            required = node.get("required", ())
            result["properties"] = {
                name: self._convert_property(
                    child, path=f"{path}.{name}", stack=stack, required=name in required
                )
                for name, child in node["properties"].items()
            }
        extra = node.get("additionalProperties")
        if isinstance(extra, dict):
            result["additionalProperties"] = self.convert(extra, path=f"{path}[*]", stack=stack)
        elif extra is True and PRESERVE not in result:
            raise SchemaError(path, f"accepts anything: say so with {PRESERVE}")
        if result.get("type") == "array":
            result["items"] = self.convert(node["items"], path=f"{path}[]", stack=stack)
            # A list without a type is replaced as a whole by server-side apply; saying so makes it a choice.
            result.setdefault(LIST_TYPE, "atomic")

    def _convert_property(self, node: Schema, *, path: str, stack: tuple[str, ...], required: bool) -> Schema:
        """Convert a field, and give a parent a default: defaults below it apply only where it is present."""
        result = self.convert(node, path=path, stack=stack)
        # pydantic leaves `default` out for a factory, and only for a factory.
        if not self._defaults or required or "default" in node:
            return result
        if result.get("required"):
            raise SchemaError(path, "has a default factory but required fields: no default fits")
        match result.get("type"):
            case "object":
                result["default"] = {}
            case "array":
                result["default"] = []
            case _:
                raise SchemaError(path, "a default factory is only known for objects and lists")
        return result


def _only_branch(branches: list[Schema], *, path: str) -> Schema:
    """Return the one branch of a union that is left without null; absence stands for null."""
    left = [branch for branch in branches if branch.get("type") != "null"]
    if len(left) == 1:
        return left[0]
    if {branch.get("type") for branch in left} == {"integer", "string"}:
        merged: Schema = {}
        for branch in left:
            merged |= branch
        del merged["type"]
        return merged | {INT_OR_STRING: True}
    raise SchemaError(path, "a union has no structural form: use optional siblings and a rule")


def _convert_bounds(node: Schema, result: Schema) -> None:
    """Write exclusive bounds as OpenAPI 3.0 does: the number as the bound, and a flag."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if exclusive in node:
            result[bound] = node[exclusive]
            result[exclusive] = True
