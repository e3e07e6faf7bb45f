"""`spec.server` and `spec.startup`: what one pod runs, and how long it may take to become warm."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from warmpool_operator.api import names
from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching
from warmpool_operator.api.protocol import (
    PRESETS,
    HttpPath,
    LoadMetrics,
    PortNumber,
    Protocol,
    ServerMetrics,
)
from warmpool_operator.api.quantity import Quantity
from warmpool_operator.api.source import ImageName, PullPolicy
from warmpool_operator.api.warmup import Warmup

OWNED_VARIABLES = tuple(value for name, value in vars(names.Env).items() if name.isupper())
"""Variables that the operator sets: a pool gives them through its own fields."""

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
                "!has(self.maxQueue) || self.maxQueue <= 100 * (has(self.containerConcurrency)"
                " ? self.containerConcurrency : (self.protocol == 'warmpool' ? 8 : 1))",
                "server.maxQueue is more than 100 rounds of containerConcurrency: such a queue only collects"
                " requests whose clients have left",
                field_path=".maxQueue",
            ),
            cel(
                "self.protocol != 'custom' || (has(self.metrics) && has(self.metrics.running))",
                "a server of protocol custom needs server.metrics.running, the gauge of requests being computed",
                field_path=".metrics",
            ),
            cel(
                "self.protocol != 'warmpool' || (!has(self.metrics) && !has(self.healthPath))",
                "server.metrics and server.healthPath are for servers of other makes: set server.protocol",
                field_path=".protocol",
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
    protocol: Protocol = "warmpool"
    """How the server tells its load. `warmpool` is this project's own server. The others are known by their
    metrics: vLLM, Text Embeddings Inference, Triton, or whatever `metrics` names. Such a server cannot be
    retired, so a shrink can only ask Kubernetes to take idle pods first, and it gets none of the WARMPOOL_*
    variables."""
    metrics: ServerMetrics | None = None
    """Where a server of another make shows its load, if not where its protocol has it."""
    health_path: HttpPath | None = None
    """Path on `port` that answers 200 once the model serves; absent: as the protocol has it."""
    engine: Literal["auto", "onnx", "sentence-transformers", "fake"] = "auto"
    """Which engine computes; `auto` chooses by the files that it finds."""
    port: PortNumber = 8080
    """Port that serves clients."""
    admin_port: PortNumber = 8081
    """Port of probes, metrics and the operator; in no Service that an Ingress uses. Beside a server of another
    make it is the port of the sidecar that warms it."""
    container_concurrency: int = Field(
        # One default cannot serve all, so the API server fills in none.
        default_factory=lambda fields: 8 if fields.get("protocol") == "warmpool" else 1,
        ge=1,
        le=4096,
        json_schema_extra={"default": None},
    )
    """Requests that one pod computes at once: the divisor of the decision. Absent: 8, and 1 for servers of other
    makes, whose capacity only their owner knows."""
    latency_target_ms: int = Field(default=1000, ge=1, le=3_600_000)
    """Milliseconds within which an accepted request should be answered; bounds the queue."""
    max_queue: int | None = Field(default=None, ge=0, le=100_000)
    """Hard cap on waiting requests per pod; absent: what fits into the latency target."""
    resources: Resources = Field(default_factory=Resources)
    """Requests and limits of the container."""

    @property
    def load_metrics(self) -> LoadMetrics | None:
        """Where a server of another make shows its load; None for this project's own."""
        if self.protocol == "warmpool":
            return None
        preset, wish = PRESETS[self.protocol], self.metrics or ServerMetrics()
        own = wish.running is not None
        return replace(
            preset,
            port=wish.port or preset.port or self.port,
            path=wish.path or preset.path,
            running=(wish.running,) if wish.running is not None else preset.running,
            minus=() if own else preset.minus,
            busy_us=None if own else preset.busy_us,
            queued=(wish.queued,) if wish.queued is not None else preset.queued,
            health=self.health_path or preset.health,
        )


class Startup(ApiModel):
    """How long a pod may take from container start to warm."""

    timeout_seconds: int = Field(default=600, ge=5, le=7200)
    """Seconds; period times failureThreshold of the startup probe is always this."""
    warmup: Warmup = Field(default_factory=Warmup)
    """What a pod computes before it calls itself ready."""
