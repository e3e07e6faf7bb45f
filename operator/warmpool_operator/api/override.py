"""`spec.scaling.overrides[]`: a person's word for a limited time."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching
from warmpool_operator.api.schedule import RuleName


def _real(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time: {error}") from error
    return text


Time = Annotated[
    str,
    matching(
        r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
        r"([.][0-9]{1,6})?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$",
        "a time is written as in RFC 3339 with a zone, such as 2030-01-31T18:00:00Z",
        max_length=40,
    ),
    AfterValidator(_real),
]


class Override(ApiModel):
    """Bounds or a buffer that hold until a time and then end by themselves; the entry stays as a record."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "has(self.minReplicas) || has(self.maxReplicas) || has(self.concurrencyBuffer)",
                "an override needs minReplicas, maxReplicas or concurrencyBuffer",
            ),
            cel(
                "!has(self.minReplicas) || !has(self.maxReplicas) || self.maxReplicas >= self.minReplicas",
                "the override's maxReplicas must be at least its minReplicas",
                field_path=".maxReplicas",
            ),
        )
    )

    name: RuleName
    """Name that decisions and messages call it by."""
    min_replicas: int | None = Field(default=None, ge=1, le=1000)
    """Warm floor; the highest of all floors in force counts."""
    max_replicas: int | None = Field(default=None, ge=1, le=1000)
    """Ceiling; the lowest of all ceilings in force counts, and it wins over every floor."""
    concurrency_buffer: int | None = Field(default=None, ge=0, le=1000)
    """Replaces scaling.concurrencyBuffer; of several overrides the largest counts."""
    until: Time
    """Moment from which the override no longer holds, RFC 3339 with a zone."""
    reason: str = Field(default="", max_length=256)
    """Why, for whoever finds it."""
