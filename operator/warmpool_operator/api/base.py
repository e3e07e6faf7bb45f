"""The base of every API model: camelCase on the wire, frozen, nothing unknown accepted.

Unknown fields never arrive from a cluster, because the API server prunes them by the structural schema;
they do arrive from files given to offline commands, where a typo should be an error.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

VALIDATIONS = "x-kubernetes-validations"


class ApiModel(BaseModel):
    """A part of the `WarmModelPool` object. Attributes are snake_case, the wire is camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON form that Kubernetes stores: aliases, absent instead of null."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def cel(rule: str, message: str, *, field_path: str | None = None) -> dict[str, str]:
    """Return one CEL rule of a structural schema, evaluated by the API server on every write.

    Args:
        rule: a CEL expression over `self`; false refuses the write.
        message: what the person who applied the object reads.
        field_path: the field that the error names, relative to the model (for example `.maxReplicas`).
    """
    validation = {"rule": rule, "message": message}
    if field_path is not None:
        validation["fieldPath"] = field_path
    return validation


def matching(pattern: str, message: str, *, max_length: int) -> Any:
    """Return a constraint on text: the pattern, and a rule that says in words what the pattern means.

    The API server answers a failed pattern with the pattern, which few people read; it reports both.

    Args:
        pattern: a regular expression that RE2 and Rust read alike, without single quotes.
        message: what the person who applied the object reads.
        max_length: longest text in characters; bounds the cost of the rule.
    """
    return Field(
        pattern=pattern,
        max_length=max_length,
        json_schema_extra=cel_rules(cel(f"self.matches(r'{pattern}')", message)),
    )


def cel_rules(*rules: dict[str, str]) -> dict[str, Any]:
    """Return `json_schema_extra` that carries CEL rules."""
    return {VALIDATIONS: list(rules)}
