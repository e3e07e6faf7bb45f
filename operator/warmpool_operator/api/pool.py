"""`WarmModelPool`: the object as a whole."""

from typing import Annotated, Any, Literal

from pydantic import Field

from warmpool_operator.api.base import ApiModel
from warmpool_operator.api.ingress import Ingress
from warmpool_operator.api.model import Model
from warmpool_operator.api.scaling import Scaling
from warmpool_operator.api.server import Server, Startup

OpaqueObject = Annotated[
    dict[str, Any], Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})
]


class PoolSpec(ApiModel):
    """How warm a model must be kept, and what serves it."""

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
    paused: bool = False
    """Stop writing to every child; keep observing and reporting."""
    pod_template: OpaqueObject = Field(default_factory=dict)
    """Overlay on the pod template (metadata and spec): maps are merged, lists of named items are merged by
    name, other lists are replaced."""
