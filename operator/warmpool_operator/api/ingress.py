"""`spec.ingress`: how traffic from outside reaches the pool, and how much of it."""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching


def _network(text: str) -> str:
    ip_network(text, strict=False)  # a ValueError says what is wrong with it
    return text


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
Network = Annotated[
    str,
    matching(
        r"^(([0-9]{1,3}\.){3}[0-9]{1,3}(/[0-9]{1,2})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(/[0-9]{1,3})?)$",
        "an address such as 192.0.2.7 or a network such as 10.0.0.0/8 or 2001:db8::/32",
        max_length=64,
    ),
    AfterValidator(_network),
]
"""An address or a network, as the controller reads it."""
NGINX_PREFIX = "nginx.ingress.kubernetes.io"
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
    "proxy-connect-timeout",
    "proxy-send-timeout",
    "proxy-read-timeout",
)
"""Annotations, without prefix, that the operator computes: a pool may not set them itself."""


class Limits(ApiModel):
    """Limits at the ingress: a coarse outer guard in front of the pods' own bounded queues."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            # has(): the API server proves the block's default, {}, by this rule before it fills in what is below.
            cel(
                "!has(self.rate) || self.rate != 'Measured' || !has(self.mode) || self.mode == 'Dynamic'",
                "ingress.limits.rate: Measured needs ingress.limits.mode: Dynamic: it follows what pods measure",
                field_path=".rate",
            )
        )
    )

    mode: Literal["Dynamic", "Static", "Disabled"] = "Dynamic"
    """`Dynamic` follows the pods that are ready; `Static` is computed once, from maxReplicas, for streams that a
    reload of the controller would cut; `Disabled` renders none."""
    scope: Literal["Client", "Pool"] = "Client"
    """What a limit counts: each client address, or the pool as a whole. ingress-nginx does the second only
    where its ConfigMap says so: see the IngressLimited condition."""
    clients: int = Field(default=1, ge=1, le=10000)
    """Client addresses that share the capacity; without a meaning where the scope is Pool."""
    controller_replicas: int = Field(default=1, ge=1, le=100)
    """Replicas of the ingress controller: each of them counts for itself."""
    headroom_percent: int = Field(default=200, ge=100, le=10000)
    """Limit in percent of the request slots of the ready pods."""
    rate: Literal["Measured", "Disabled"] = "Disabled"
    """`Measured` limits requests per second as well, to what the ready pods compute at their measured speed, times
    the headroom. It refuses too much where requests suddenly become shorter."""
    allowlist: list[Network] = Field(default_factory=list, max_length=64)
    """Client addresses and networks that are not limited."""


class Timeouts(ApiModel):
    """Timeouts of the ingress towards a pod, in seconds; absent: the controller's own."""

    connect_seconds: int | None = Field(default=None, ge=1, le=75)
    """Until a pod takes a connection."""
    send_seconds: int | None = Field(default=None, ge=1, le=86400)
    """Between two writes of a request."""
    read_seconds: int | None = Field(default=None, ge=1, le=86400)
    """Between two reads of an answer: at least the longest time to the first byte."""


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
                + ", ".join(f"'{NGINX_PREFIX}/{name}'" for name in OWNED_ANNOTATIONS)
                + "].exists(o, o == k))",
                "ingress.annotations: limits, retries, balancing and timeouts are computed by the operator; use"
                " ingress.limits (mode: Disabled leaves them out), ingress.tries and ingress.timeouts",
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
    dialect: Literal["ingress-nginx"] = "ingress-nginx"
    """Whose annotations are written."""
    limits: Limits = Field(default_factory=Limits)
    """How much is let through."""
    tries: int = Field(default=2, ge=1, le=3)
    """Pods that one request may be sent to before its 429, 503 or broken connection is final; 1 never retries. A
    request whose pod dies is computed again: set 1 if that must not happen."""
    timeouts: Timeouts = Field(default_factory=Timeouts)
    """Timeouts towards a pod."""
    annotations: dict[str, Annotated[str, StringConstraints(max_length=4096)]] = Field(
        default_factory=dict, max_length=64
    )
    """Further annotations of the Ingress. One of your own for `default-backend` replaces the operator's
    answer while no pod is warm."""
