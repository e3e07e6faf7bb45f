"""`spec.server` and `spec.startup`: what one pod runs, and how long it may take to become warm."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from warmpool_operator.api import names
from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching
from warmpool_operator.api.quantity import Quantity
from warmpool_operator.api.source import ImageName, PullPolicy

OWNED_VARIABLES = tuple(value for name, value in vars(names.Env).items() if name.isupper())
"""Variables that the operator sets: a pool gives them through its own fields."""

PortNumber = Annotated[int, Field(ge=1, le=65535)]
EnvName = Annotated[
    str,
    matching(
        r"^[-._a-zA-Z][-._a-zA-Z0-9]*$",
        "a variable name has letters, digits, '-', '_' and '.', and does not start with a digit",
        max_length=253,
    ),
]


class EnvVar(ApiModel):
    """One environment variable of the server's container."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel("!(has(self.value) && has(self.valueFrom))", "env: use value or valueFrom, not both"),
            cel(
                "!(self.name in [" + ", ".join(f"'{name}'" for name in OWNED_VARIABLES) + "])",
                "env: the operator sets this variable from the pool's own fields",
                field_path=".name",
            ),
        )
    )

    name: EnvName
    """Name of the variable."""
    value: str | None = Field(default=None, max_length=32768)
    """Its value."""
    value_from: Annotated[
        dict[str, Any] | None,
        Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True}),
    ] = None
    """A `valueFrom` of a Kubernetes container, for example a `secretKeyRef`."""


class Resources(ApiModel):
    """Requests and limits of the server's container, as in a Kubernetes pod."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            # has(): the API server proves the block's default, {}, by this rule before it fills in what is below.
            cel(
                "!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits)"
                " || !isQuantity(string(self.requests[k]))"
                " || !isQuantity(string(self.limits[k]))"
                " || quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",
                "server.resources.requests must not exceed server.resources.limits",
                field_path=".requests",
            )
        )
    )

    requests: dict[str, Quantity] = Field(default_factory=dict, max_length=16)
    """What the scheduler sets aside."""
    limits: dict[str, Quantity] = Field(default_factory=dict, max_length=16)
    """What the container may use at most."""


class Server(ApiModel):
    """What one pod runs."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "self.port != self.adminPort",
                "server.port and server.adminPort must differ: clients must never reach the admin port",
                field_path=".adminPort",
            ),
            cel(
                "!has(self.maxQueue) || self.maxQueue <= 100 * self.containerConcurrency",
                "server.maxQueue is more than 100 rounds of containerConcurrency: such a queue only collects"
                " requests whose clients have left",
                field_path=".maxQueue",
            ),
        )
    )

    image: ImageName
    """Container image of the model server."""
    image_pull_policy: PullPolicy = "IfNotPresent"
    """When the kubelet pulls the image."""
    command: list[str] | None = Field(default=None, max_length=64)
    """Entrypoint; absent: the image's own."""
    args: list[str] | None = Field(default=None, max_length=256)
    """Arguments; absent: the image's own."""
    env: list[EnvVar] = Field(
        default_factory=list,
        max_length=128,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    """Further environment variables of the container."""
    engine: Literal["auto", "onnx", "sentence-transformers", "fake"] = "auto"
    """Which engine computes; `auto` chooses by the files that it finds."""
    port: PortNumber = 8080
    """Port that serves clients."""
    admin_port: PortNumber = 8081
    """Port of probes, metrics and the operator; in no Service that an Ingress uses."""
    container_concurrency: int = Field(default=8, ge=1, le=4096)
    """Requests that one pod computes at once: the divisor of the decision."""
    latency_target_ms: int = Field(default=1000, ge=1, le=3_600_000)
    """Milliseconds within which an accepted request should be answered; bounds the queue."""
    max_queue: int | None = Field(default=None, ge=0, le=100_000)
    """Hard cap on waiting requests per pod; absent: what fits into the latency target."""
    resources: Resources = Field(default_factory=Resources)
    """Requests and limits of the container."""


class Warmup(ApiModel):
    """What a pod computes before it calls itself ready."""

    requests: int = Field(default=3, ge=1, le=100)
    """Warm-up requests, beside the golden vectors that prove the answers right."""


class Startup(ApiModel):
    """How long a pod may take from container start to warm."""

    timeout_seconds: int = Field(default=600, ge=5, le=7200)
    """Seconds; period times failureThreshold of the startup probe is always this."""
    warmup: Warmup = Field(default_factory=Warmup)
    """What a pod computes before it calls itself ready."""
