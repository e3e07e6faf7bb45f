"""What the decision takes in and gives out. All frozen; all integers."""

from dataclasses import dataclass, field
from enum import StrEnum

OWN_FLOOR = "scaling.minReplicas"
OWN_CEILING = "scaling.maxReplicas"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The pool's scaling rules, resolved for one instant.

    Attributes:
        floor: fewest pods in force, before the ceiling caps it.
        ceiling: most pods in force.
        concurrency: requests that one pod computes at once (x).
        utilization_percent: share of x that is planned with (u).
        buffer: pods above demand (b).
        buffer_percent: percent of demand kept as buffer (p).
        buffer_at_zero: whether the absolute buffer is kept at zero demand.
        scaling_delay_ms: age of the oldest waiting request before waiting requests count (d).
        keep_alive_ms: how long a demand peak is remembered (k).
        scale_in_pods: pods that one scale-in period may remove (S).
        scale_in_period_ms: length of that period.
        floor_source: what set the floor, in words.
        ceiling_source: what set the ceiling.
    """

    floor: int
    ceiling: int
    concurrency: int = 1
    utilization_percent: int = 100
    buffer: int = 0
    buffer_percent: int = 0
    buffer_at_zero: bool = True
    scaling_delay_ms: int = 0
    keep_alive_ms: int = 0
    scale_in_pods: int = 1_000_000
    scale_in_period_ms: int = 60_000
    floor_source: str = OWN_FLOOR
    ceiling_source: str = OWN_CEILING

    @property
    def divisor(self) -> int:
        """Requests planned per pod, x' = max(1, floor(x * u / 100))."""
        return max(1, self.concurrency * self.utilization_percent // 100)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What the pods said within the last samples.

    Attributes:
        running: requests being computed, over the pods that answered.
        queued: requests waiting in them.
        refused: refusals as concurrency (`demand.refused_concurrency`).
        held: requests that found no warm pod and were told to come back.
        oldest_queued_ms: age of the oldest waiting request.
        answered: warm pods with a fresh sample.
        silent: warm pods without one. They hide up to x requests each.
        replicas: pods that the workload is asked to have now; what an empty memory starts from.
    """

    running: int = 0
    queued: int = 0
    refused: int = 0
    held: int = 0
    oldest_queued_ms: int = 0
    answered: int = 0
    silent: int = 0
    replicas: int = 0

    def demand(self, *, queued: int, hidden: int = 0) -> int:
        """Return D with so many waiting requests counted and so many more supposed in silent pods.

        Held requests are expected, not there yet: once they come back they run, wait or are refused. So the larger
        of the two counts; the sum would count every client twice that came back.
        """
        return max(self.running + self.refused + queued + hidden, self.held)

    @property
    def blind(self) -> bool:
        """Warm pods exist and not one of them answers."""
        return self.answered == 0 and self.silent > 0


@dataclass(frozen=True)
class Bucket:
    """A target that was asked for, and the last moment at which it was."""

    at_ms: int
    target: int


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the next decision must know of the earlier ones; survives restarts in the pool's status.

    Attributes:
        published: desired pods of the last decision.
        window: the demand window, oldest first, targets strictly falling.
        step_started_ms: start of the running scale-in period.
        step_removed: pods that this period has removed.
    """

    published: int
    window: tuple[Bucket, ...] = ()
    step_started_ms: int = 0
    step_removed: int = 0


class Binding(StrEnum):
    """The term that decided."""

    DEMAND = "Demand"
    BUFFER = "Buffer"
    FLOOR = "Floor"
    CEILING = "Ceiling"
    KEEP_ALIVE = "KeepAlive"
    SCALING_DELAY = "ScalingDelay"
    SCALE_IN_STEP = "ScaleInStep"
    SILENT_PODS = "SilentPods"
    BLIND = "Blind"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Everything that took part in a decision. Demand in requests, everything else in pods."""

    in_flight: int
    queued: int
    refused: int
    held_requests: int
    demand: int
    demand_upper: int
    silent_pods: int
    need: int
    buffer: int
    floor: int
    ceiling: int
    held: int
    floor_source: str = OWN_FLOOR
    ceiling_source: str = OWN_CEILING


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How many pods, why, and what to remember.

    Attributes:
        desired: pods asked for, within [floor, ceiling].
        unclamped: pods asked for if there were no ceiling.
        binding: the one term that decided.
        terms: all of them.
        memory: the state for the next decision.
    """

    desired: int
    unclamped: int
    binding: Binding
    terms: Terms
    memory: Memory = field(repr=False)
