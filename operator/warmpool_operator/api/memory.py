"""`status.memory` of a pool: what a new leader must know to go on where the old one stopped. All is bounded."""

from typing import Annotated

from pydantic import Field

from warmpool_operator.api.base import ApiModel

Count = Annotated[int, Field(ge=0)]


class WindowBucket(ApiModel):
    """One bucket of the demand window: the largest target within it."""

    until: str
    """Last moment at which this target was asked for, RFC 3339."""
    target: Count
    """Pods."""


class LeadMemory(ApiModel):
    """The automatic lead that a window opened with."""

    name: str
    """Schedule."""
    start: str
    """Start of the window, RFC 3339."""
    lead_ms: Count
    """Milliseconds."""


class ThresholdMemory(ApiModel):
    """Where a threshold stands."""

    name: str
    """Threshold."""
    holds: bool = False
    """Whether it is in force."""
    counted_ms: Count = 0
    """Milliseconds towards the next change."""


class StartupMemory(ApiModel):
    """One measured start-up."""

    ms: Count
    """Milliseconds from the first sight of the pod until it was Ready."""
    template: str = ""
    """Hash of the pod template."""


class FootprintMemory(ApiModel):
    """The most memory that a pod of one template has used."""

    template: str
    """Hash of the pod template."""
    peak_mi: Count
    """MiB at most."""
    start_mi: Count = 0
    """MiB at most until its model was proven; 0: not known."""
    requests: Count = 0
    """Most requests that one of them has taken, counted up to 1000."""


class Memory(ApiModel):
    """What a new leader must know to go on where the old one stopped."""

    published: Count = 0
    """Last desired number of pods."""
    window: list[WindowBucket] = Field(
        default_factory=list, max_length=32, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """The demand window of keepAlive, newest last, at most 32 buckets."""
    step_started: str | None = None
    """Start of the running scale-in period, RFC 3339; absent: none runs."""
    step_removed: Count = 0
    """Pods that it has removed."""
    leads: list[LeadMemory] = Field(
        default_factory=list, max_length=32, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Leads of the open windows of schedules."""
    thresholds: list[ThresholdMemory] = Field(
        default_factory=list, max_length=16, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Thresholds that hold or count."""
    startups: list[StartupMemory] = Field(
        default_factory=list, max_length=32, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """The latest start-ups, newest last."""
    footprints: list[FootprintMemory] = Field(
        default_factory=list, max_length=8, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Memory that pods have used at most, by pod template, of those that have pods."""
    failed_starts: Count = 0
    """Starts that failed since one last succeeded."""
    retry_at: str | None = None
    """When one more pod may be tried after too many of them, RFC 3339."""
