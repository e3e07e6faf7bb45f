"""`spec.scaling`: how warm the pool is kept."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from warmpool_operator.api.base import ApiModel, cel, cel_rules
from warmpool_operator.api.hpa import Hpa
from warmpool_operator.api.override import Override
from warmpool_operator.api.schedule import Schedule
from warmpool_operator.api.threshold import Threshold

MAX_REPLICAS = 1000
MAX_RULES = 16
NAMED: dict[str, Any] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}


class ScaleIn(ApiModel):
    """How fast a pool may shrink once keepAlive has passed."""

    max_pods: int = Field(default=MAX_REPLICAS, ge=1, le=MAX_REPLICAS)
    """Pods that one period may remove at most."""
    period_seconds: int = Field(default=60, ge=1, le=3600)
    """Length of the period in seconds."""


class ScaleOut(ApiModel):
    """How fast pods may be started."""

    max_warming: int | None = Field(default=None, ge=1, le=MAX_REPLICAS)
    """Pods that may be on their way to warm at once, beyond the floor; absent: any number. For shared disks,
    registries and object stores that many loads at once would make slower."""


def _reachable(rules: str) -> dict[str, str]:
    """Return the rule that no floor of a list is above the pool's own ceiling, where it could never be reached."""
    return cel(
        f"!has(self.{rules}) || self.{rules}.all(r, !has(r.minReplicas) || r.minReplicas <= self.maxReplicas)",
        f"minReplicas of scaling.{rules} must not exceed scaling.maxReplicas",
        field_path=f".{rules}",
    )


class Scaling(ApiModel):
    """How warm the pool is kept.

    The pool has need = ceil(D / containerConcurrency) + max(concurrencyBuffer, concurrencyBufferPercent of D)
    pods, between minReplicas and maxReplicas, where D is the number of requests being computed, waiting or
    refused.
    """

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "self.maxReplicas >= self.minReplicas",
                "scaling.maxReplicas must be at least scaling.minReplicas",
                field_path=".maxReplicas",
            ),
            cel(
                "self.concurrencyBuffer < self.maxReplicas",
                "scaling.concurrencyBuffer must be below scaling.maxReplicas, or no pod is left for demand",
                field_path=".concurrencyBuffer",
            ),
            *(_reachable(rules) for rules in ("schedules", "thresholds", "overrides")),
        )
    )

    min_replicas: int = Field(default=1, ge=0, le=MAX_REPLICAS)
    """The warm floor: pods that are kept whatever the traffic. 0: none are kept once keepAlive has passed without
    demand and without a buffer; a request through the pool's Ingress that finds no pod then wakes it."""
    max_replicas: int = Field(ge=1, le=MAX_REPLICAS)
    """The ceiling: never more pods than this."""
    concurrency_buffer: int = Field(default=0, ge=0, le=MAX_REPLICAS)
    """Pods kept idle above live demand. Together with the percent the larger of the two counts."""
    concurrency_buffer_percent: int = Field(default=0, ge=0, le=1000)
    """Idle capacity above live demand, in percent of that demand."""
    buffer_mode: Literal["Always", "WhenActive"] = "Always"
    """`Always` keeps the buffer at zero demand too; `WhenActive` only while there is demand."""
    target_utilization_percent: int = Field(default=100, ge=1, le=100)
    """Share of containerConcurrency that the decision plans to use."""
    scaling_delay_seconds: int = Field(default=0, ge=0, le=3600)
    """Seconds that the oldest waiting request must have waited before waiting requests add pods."""
    keep_alive_seconds: int = Field(default=300, ge=0, le=86_400)
    """Seconds for which the pods of a demand peak are kept after it has passed."""
    scale_in: ScaleIn = Field(default_factory=ScaleIn)
    """How fast the pool may shrink once keepAlive has passed."""
    scale_out: ScaleOut = Field(default_factory=ScaleOut)
    """How fast pods may be started."""
    hpa: Hpa = Field(default_factory=Hpa)
    """Metrics by which the HPA may add pods above the decision."""
    schedules: list[Schedule] = Field(default_factory=list, max_length=MAX_RULES, json_schema_extra=NAMED)
    """Capacity that is ready when a recurring time comes."""
    thresholds: list[Threshold] = Field(default_factory=list, max_length=MAX_RULES, json_schema_extra=NAMED)
    """More capacity while a signal is high."""
    overrides: list[Override] = Field(default_factory=list, max_length=MAX_RULES, json_schema_extra=NAMED)
    """Bounds or a buffer that hold until a time."""
