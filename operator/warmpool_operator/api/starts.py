"""`status.startup` of a pool: how long its pods took to become warm, and where that time went."""

from pydantic import Field

from warmpool_operator.api.base import ApiModel
from warmpool_operator.api.memory import Count


class PhaseTimes(ApiModel):
    """How long one phase of the last starts took."""

    p50: str
    """Median, such as `5.3s`."""
    p95: str
    """95th percentile, nearest rank."""


class MeasuredStart(ApiModel):
    """One start of a pod, by the operator's clock."""

    pod: str
    """Name of the pod."""
    template: str
    """Hash of the pod template: label `pod-template-hash`."""
    ready_at: str
    """When it was seen Ready, RFC 3339."""
    total_ms: Count
    """Milliseconds from the first sight of the pod until it was Ready."""
    phases_ms: dict[str, Count] = Field(default_factory=dict, max_length=16)
    """Milliseconds by phase; they add up to the total."""
    first_request_ms: Count | None = None
    """Milliseconds from Ready until the first request; absent: none has come yet."""


class StartupStatus(ApiModel):
    """Measured start-ups: from a pod's creation until it was Ready, without pods that restarted on the way.

    As soon as five pods of the newest pod template were measured, these alone count.
    """

    p50: str | None = None
    """Median, such as `5.3s`; absent: none was measured yet."""
    p95: str | None = None
    """95th percentile, nearest rank."""
    samples: Count = 0
    """Start-ups behind these numbers, the latest 32 at most."""
    failures: Count = 0
    """Starts that failed or needed a restart."""
    phases: dict[str, PhaseTimes] = Field(default_factory=dict, max_length=16)
    """Where the time of the starts in `last` went."""
    last: list[MeasuredStart] = Field(
        default_factory=list, max_length=10, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """The last starts, newest last, at most ten."""
