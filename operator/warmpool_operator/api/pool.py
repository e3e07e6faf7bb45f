"""`WarmModelPool`: the object as a whole."""

from typing import Literal

from pydantic import ConfigDict, Field

from warmpool_operator.api.base import ApiModel, cel, cel_rules
from warmpool_operator.api.hpa import OpaqueObject
from warmpool_operator.api.ingress import Ingress
from warmpool_operator.api.model import Model
from warmpool_operator.api.scaling import Scaling
from warmpool_operator.api.server import Server, Startup

WARMED = "(has(self.startup) && has(self.startup.warmup) && has(self.startup.warmup.http))"
"""Whether a sidecar warms the server, as a rule says it."""


class PoolSpec(ApiModel):
    """How warm a model must be kept, and what serves it."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "!has(self.scaling.hpa) || !has(self.scaling.hpa.cpuUtilizationPercent)"
                " || (has(self.server.resources) && ((has(self.server.resources.requests)"
                " && 'cpu' in self.server.resources.requests) || (has(self.server.resources.limits)"
                " && 'cpu' in self.server.resources.limits)))",
                "scaling.hpa.cpuUtilizationPercent is a percentage of the CPU request: set"
                " server.resources.requests.cpu",
                field_path=".scaling.hpa.cpuUtilizationPercent",
            ),
            cel(
                f"!{WARMED} || self.server.protocol != 'warmpool'",
                "startup.warmup.http is for servers of other makes: this project's own warms itself, by"
                " startup.warmup.requests",
                field_path=".startup.warmup.http",
            ),
            cel(
                f"!{WARMED} || !has(self.server.metrics) || !has(self.server.metrics.port)"
                " || self.server.metrics.port != self.server.adminPort",
                "server.metrics.port and server.adminPort must differ: the sidecar of startup.warmup.http listens"
                " on adminPort",
                field_path=".server.adminPort",
            ),
        )
    )

    model: Model
    """Which model, and where its weights come from."""
    server: Server
    """What one pod runs."""
    startup: Startup = Field(default_factory=Startup)
    """How long a pod may take to become warm."""
    scaling: Scaling
    """How warm the pool is kept."""
    ingress: Ingress | None = None
    """How traffic from outside reaches the pool; absent: no Ingress."""
    mode: Literal["Enforce", "Observe"] = "Enforce"
    """`Observe` computes and reports what `Enforce` would do, and writes nothing but the status."""
    rollout: Literal["Surge", "InPlace"] = "Surge"
    """How pods of a new version take over. `Surge` starts them beside the warm ones, which stay until they are
    replaced. `InPlace` takes one warm pod away first, for clusters without room for one more, such as full
    GPUs."""
    paused: bool = False
    """Stop writing to every child; keep observing and reporting."""
    pod_template: OpaqueObject = Field(default_factory=dict)
    """Overlay on the pod template (metadata and spec): maps are merged, lists of named items are merged by
    name, other lists are replaced."""
