"""`spec.ingress`: how traffic from outside reaches the pool, and how much of it."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching

HostName = Annotated[
    str,
    matching(
        r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "a host is a lower-case name such as models.example.org or *.example.org: no scheme, port or path",
        max_length=253,
    ),
]
UrlPath = Annotated[
    str, matching(r"^/[^\s?#]*$", "a path starts with '/' and has no space, '?' or '#'", max_length=1024)
]
OWNED_ANNOTATIONS = (
    "limit-connections",
    "limit-rps",
    "limit-rpm",
    "limit-burst-multiplier",
    "limit-allowlist",
    "limit-whitelist",
    "load-balance",
    "proxy-next-upstream",
    "proxy-next-upstream-tries",
)
"""Annotations, without prefix, that the operator computes: a pool may not set them itself."""


class Limits(ApiModel):
    """The rate-limit annotations: a coarse outer guard in front of the pods' own bounded queues."""

    mode: Literal["Static", "Disabled"] = "Static"
    """`Static` computes the limits once, from the warm floor; `Disabled` renders none."""
    clients: int = Field(default=1, ge=1, le=10000)
    """Client addresses that share the capacity: a limit of ingress-nginx counts per client address."""
    controller_replicas: int = Field(default=1, ge=1, le=100)
    """Replicas of the ingress controller: each of them counts for itself."""
    headroom_percent: int = Field(default=200, ge=100, le=10000)
    """Limit in percent of the request slots of the warm floor."""


class Tls(ApiModel):
    """TLS of the Ingress."""

    secret_name: str = Field(min_length=1, max_length=253)
    """Secret of type kubernetes.io/tls in the pool's namespace."""


class Ingress(ApiModel):
    """How traffic from outside reaches the pool."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "!self.annotations.exists(k, ["
                + ", ".join(f"'nginx.ingress.kubernetes.io/{name}'" for name in OWNED_ANNOTATIONS)
                + "].exists(o, o == k))",
                "ingress.annotations: limits, retries and balancing are computed by the operator;"
                " set ingress.limits.mode: Disabled to leave the limits out",
                field_path=".annotations",
            ),
        )
    )

    class_name: str = Field(min_length=1, max_length=253)
    """IngressClass that serves the pool."""
    host: HostName | None = None
    """Host name; absent: every host."""
    path: UrlPath = "/"
    """Path prefix."""
    tls: Tls | None = None
    """TLS of the host; absent: plain HTTP."""
    limits: Limits = Field(default_factory=Limits)
    """Rate-limit annotations."""
    annotations: dict[str, Annotated[str, StringConstraints(max_length=4096)]] = Field(
        default_factory=dict, max_length=64
    )
    """Further annotations of the Ingress."""
