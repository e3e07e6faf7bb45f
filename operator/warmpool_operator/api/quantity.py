"""A Kubernetes quantity, checked by the API server."""

from typing import Annotated

from pydantic import WithJsonSchema

from warmpool_operator.api.base import cel, cel_rules

QUANTITY_PATTERN = r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e[0-9]+)?$"
Quantity = Annotated[
    str | int,
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "pattern": QUANTITY_PATTERN,
            "maxLength": 32,
            **cel_rules(
                cel(
                    f"type(self) == int ? self >= 0 : self.matches(r'{QUANTITY_PATTERN}')",
                    "a quantity is a number with an optional unit, such as 500m, 2 or 1Gi",
                )
            ),
        }
    ),
]
"""A Kubernetes quantity such as `500m`, `2` or `1Gi`."""
