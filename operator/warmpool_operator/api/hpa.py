"""`spec.scaling.hpa`: metrics of one's own, with the warm floor below them."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from warmpool_operator.api.base import ApiModel

OpaqueObject = Annotated[
    dict[str, Any], Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})
]


def _no_ratio(metric: dict[str, Any]) -> dict[str, Any]:
    """Refuse targets of type Value: the HPA multiplies their ratio by the pods that are READY.

    Two of ten pods ready and a ratio of 1.5 give three pods, so the HPA would shrink a pool that is warming up
    (DataDog/watermarkpodautoscaler#121). AverageValue divides an absolute number instead.
    """
    for source in ("object", "external"):
        target = (metric.get(source) or {}).get("target") or {}
        if target.get("type") == "Value":
            message = (
                f"{source}.target.type is Value, which shrinks a pool while its pods load: use AverageValue"
            )
            raise ValueError(message)
    return metric


Metric = Annotated[OpaqueObject, AfterValidator(_no_ratio)]


class Hpa(ApiModel):
    """Metrics by which the HPA may add pods above the decision.

    With a metric here the decision becomes a floor: minReplicas is what was decided, maxReplicas the ceiling, and
    the HPA moves in between by its own rules. Without one both are the decision, and the HPA has no choice.
    """

    cpu_utilization_percent: int | None = Field(default=None, ge=1, le=1000)
    """Average CPU of the pods in percent of their request. Inference uses all the CPU that it gets, so such a
    target adds pods beyond what demand needs; a buffer says the same more directly."""
    metrics: list[Metric] = Field(default_factory=list, max_length=16)
    """Metrics as in autoscaling/v2. Of object and external metrics only AverageValue is accepted."""
    behavior: OpaqueObject = Field(default_factory=dict)
    """Behavior as in autoscaling/v2."""

    @property
    def adds_pods(self) -> bool:
        """Whether there is a metric by which the HPA may add pods."""
        return self.cpu_utilization_percent is not None or bool(self.metrics)
