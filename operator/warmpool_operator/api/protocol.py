"""`server.protocol`: servers that are not warmpool's own, and where they show their load."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from warmpool_operator.api.base import ApiModel, matching

Protocol = Literal["warmpool", "vllm", "tei", "triton", "custom"]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
MetricName = Annotated[
    str,
    matching(
        r"^[a-zA-Z_:][a-zA-Z0-9_:]*$",
        "a metric name has letters, digits, '_' and ':', and does not start with a digit",
        max_length=200,
    ),
]
HttpPath = Annotated[
    str, matching(r"^/[!-&(-~]*$", "a path starts with '/' and has no spaces or quotes", max_length=512)
]


class ServerMetrics(ApiModel):
    """Where a server of another make shows its load; what is absent is as its protocol has it."""

    port: PortNumber | None = None
    """Port of the page."""
    path: HttpPath | None = None
    """Path of the page, in Prometheus' text format."""
    running: MetricName | None = None
    """Gauge of requests being computed; its series are summed."""
    queued: MetricName | None = None
    """Gauge of requests waiting. A custom server without one has no queue that it tells of."""


@dataclass(frozen=True, kw_only=True)
class LoadMetrics:
    """How the load is read from a page of metrics: D = running + queued.

    Attributes:
        port: of the page; None for the port that serves clients.
        path: of the page.
        running: metrics whose sum is the requests being computed.
        minus: counters to take away from it, where a server counts beginnings and ends.
        queued: metrics whose sum is the requests waiting.
        busy_us: counter of microseconds spent on requests, where nothing counts those that run: what it gains in a
            second is how many ran at once (Little's law).
        lazy: whether series appear only when they are first used, so that one that is absent is zero.
        health: path that answers 200 once the model serves.
    """

    port: int | None = None
    path: str = "/metrics"
    running: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    queued: tuple[str, ...] = ()
    busy_us: str | None = None
    lazy: bool = False
    health: str = "/health"


PRESETS: Final = {
    "vllm": LoadMetrics(running=("vllm:num_requests_running",), queued=("vllm:num_requests_waiting",)),
    "tei": LoadMetrics(
        running=("te_request_count",),
        minus=("te_request_success", "te_request_failure", "te_queue_size"),
        queued=("te_queue_size",),
        lazy=True,
    ),
    "triton": LoadMetrics(
        port=8002,
        queued=("nv_inference_pending_request_count",),
        busy_us="nv_inference_compute_infer_duration_us",
        health="/v2/health/ready",
    ),
    "custom": LoadMetrics(),
}
