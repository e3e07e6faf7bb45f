"""`status` of a pool: what was observed, what was decided and why."""

from typing import Literal

from pydantic import Field

from warmpool_operator.api.base import ApiModel
from warmpool_operator.api.memory import Count, Memory
from warmpool_operator.api.starts import StartupStatus


class Condition(ApiModel):
    """One condition, as `metav1.Condition`."""

    type: str
    """What the condition is about."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: str
    """CamelCase word for programs."""
    message: str = ""
    """Sentence for people, with the number that would fix what is wrong."""
    observed_generation: int = 0
    """Generation of the spec that the condition speaks of."""
    last_transition_time: str
    """When `status` last changed, RFC 3339."""


class Pods(ApiModel):
    """Pods by state; the words are those of managed platforms."""

    pending: Count = 0
    """Waiting for a node."""
    image_pull: Count = 0
    """Waiting for an image."""
    setup: Count = 0
    """Loading or warming the model."""
    idle: Count = 0
    """Warm, computing nothing."""
    running: Count = 0
    """Warm, computing requests."""
    draining: Count = 0
    """Retired or terminating: finishing what they have."""
    failed: Count = 0
    """Cannot start: see the StartupFailing condition."""
    warming: Count = 0
    """pending + imagePull + setup."""
    ready: Count = 0
    """idle + running."""


class Effective(ApiModel):
    """Bounds in force now."""

    min: Count = 0
    """Warm floor in pods."""
    max: Count = 0
    """Ceiling in pods."""
    buffer: Count = 0
    """Buffer in pods at the present demand."""


class Terms(ApiModel):
    """The terms of the decision; `docs/explain.md` reads them line by line."""

    in_flight: Count = 0
    """Requests being computed, over all pods that answered."""
    queued: Count = 0
    """Requests that wait in pods."""
    refused: Count = 0
    """Requests that were refused, as concurrency: refusals per second times mean service seconds."""
    held_requests: Count = 0
    """Requests that found no warm pod and were told to come back; they count until they do or give up."""
    demand: Count = 0
    """inFlight + queued + refused, or heldRequests if that is more: D, as far as it is known."""
    demand_upper: Count = 0
    """D if every silent pod were full."""
    silent_pods: Count = 0
    """Warm pods that did not answer in time."""
    need: Count = 0
    """Pods that compute D: ceil(D / (containerConcurrency * targetUtilization))."""
    buffer: Count = 0
    """max(concurrencyBuffer, percent of D) in pods."""
    floor: Count = 0
    """Lower bound in force."""
    ceiling: Count = 0
    """Upper bound in force."""
    held: Count = 0
    """Largest need + buffer within keepAlive."""
    floor_source: str = ""
    """What set the floor: the pool itself, or a schedule, threshold or override by name."""
    ceiling_source: str = ""
    """What set the ceiling, likewise."""


class DecisionStatus(ApiModel):
    """How many pods the pool should have, and the one term that decided it."""

    desired: Count = 0
    """Pods asked for."""
    unclamped: Count = 0
    """Pods that would be asked for without the ceiling."""
    actuated: Count = 0
    """Pods asked of the cluster now: fewer than desired while starts are paced."""
    binding: str = ""
    """The term that decided: Demand, Buffer, Floor, Ceiling, KeepAlive, ScalingDelay, ScaleInStep, Blind."""
    message: str = ""
    """The decision in one sentence."""
    terms: Terms = Field(default_factory=Terms)
    """Every term."""


class HistoryEntry(ApiModel):
    """One change of the decision."""

    at: str
    """When, RFC 3339."""
    before: Count
    """Pods before."""
    desired: Count
    """Pods after."""
    binding: str
    """The term that decided."""
    message: str
    """The decision in one sentence."""


class Transition(ApiModel):
    """What changes the decision next if demand stays as it is."""

    at: str
    """When, RFC 3339."""
    what: str
    """In words."""


class TrafficStatus(ApiModel):
    """How warm the pool was for its clients, and what that cost, since the pool was made."""

    warm_hits: Count = 0
    """Requests that began to be computed within 50 ms of their arrival."""
    cold_requests: Count = 0
    """Requests that waited longer, were refused, or found no warm pod."""
    warm_hit_percent: Count | None = None
    """Share of warm hits, rounded down; absent: no request was seen, or the server does not count them."""
    idle_warm_pod_seconds: Count = 0
    """Seconds in which warm pods had nothing to do, over all pods: the cost of warmth."""


class LastStart(ApiModel):
    """The last start of a schedule with a floor, as far as the operator saw it."""

    name: str
    """Schedule."""
    start: str
    """When, RFC 3339."""
    floor: Count
    """Warm pods that were to be there."""
    ready: Count
    """Warm pods that were."""
    met: bool
    """Whether they were enough."""


class ScheduleStatus(ApiModel):
    """The window that is open, else the one that comes next."""

    name: str | None = None
    """Schedule that the window is of."""
    active: bool | None = None
    """Whether it is open."""
    start: str | None = None
    """When its capacity is to be ready, RFC 3339."""
    effective_start: str | None = None
    """When its floor begins to hold: the start less the lead."""
    end: str | None = None
    """When it ends."""
    next: str | None = None
    """Next moment at which a schedule or an override changes the bounds; absent: none will."""
    last: LastStart | None = None
    """The last start."""


class LimitsStatus(ApiModel):
    """Limits in force at the ingress."""

    connections: Count | None = None
    """Requests at once, for each counter."""
    rate: Count | None = None
    """Requests per second, for each counter; absent: not limited by rate."""
    changed: str | None = None
    """When they were last changed, RFC 3339."""
    message: str = ""
    """What a counter is, and what the limit therefore does and does not bound."""


class PoolStatus(ApiModel):
    """What was observed, what was decided and why."""

    observed_generation: int | None = None
    """Generation of the spec that this status answers."""
    replicas: Count = 0
    """Pods that exist and are not terminating."""
    selector: str = ""
    """Label selector of the pods, for the scale subresource."""
    pods: Pods = Field(default_factory=Pods)
    """Pods by state."""
    effective: Effective = Field(default_factory=Effective)
    """Bounds in force now."""
    decision: DecisionStatus = Field(default_factory=DecisionStatus)
    """How many pods, and why."""
    history: list[HistoryEntry] = Field(
        default_factory=list, max_length=10, json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """The last 10 changes of the decision, newest last."""
    next_transition: Transition | None = None
    """What changes the decision next if demand stays as it is; absent: nothing is known."""
    traffic: TrafficStatus = Field(default_factory=TrafficStatus)
    """How warm the pool was for its clients, and what that cost."""
    memory: Memory = Field(default_factory=Memory)
    """State of the decision that survives a restart."""
    startup: StartupStatus = Field(default_factory=StartupStatus)
    """Measured start-ups."""
    schedule: ScheduleStatus | None = None
    """Schedules and overrides; absent: the pool has none."""
    limits: LimitsStatus | None = None
    """Rate limits at the ingress."""
    conditions: list[Condition] = Field(
        default_factory=list,
        max_length=32,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    """Ready, Warm, Progressing, MetricsFresh, ScalingLimited, ScaleInBlocked, StartupFailing, SlowStart,
    SettingsFit, Unschedulable, Conflict, Paused, IngressLimited."""
