"""What the operator remembers of one pool between two reconciles.

Everything here can be lost at any moment: what must survive is in the pool's status (`kept.restored`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from warmpool_operator.capacity.demand import Refusals
from warmpool_operator.capacity.pacing import Pace, StartBudget
from warmpool_operator.capacity.policy import Effective, PolicyMemory
from warmpool_operator.capacity.record import Record
from warmpool_operator.capacity.signals import Arrivals
from warmpool_operator.capacity.startup import Startups
from warmpool_operator.capacity.traffic import Meter
from warmpool_operator.capacity.types import Decision, Memory
from warmpool_operator.desired.footprint import Footprint
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.observe.diagnosis import Trouble
from warmpool_operator.reconcile.kept import Change, Kept, LastStart
from warmpool_operator.reconcile.limiting import Guard, Limiting
from warmpool_operator.reconcile.starts import Starts

RESYNC_MS = 300_000
"""A pool is read anew at least this often: what a watch lost costs latency, never truth."""
REFUSED_RETRY_MS = 15_000
"""After a refused write or a taken name, which only a person can put right."""


@dataclass
class PoolState:
    """Mutable memory of one pool; touched only by the one reconcile that runs for its key.

    Attributes:
        pool: as last read and parsed; None before the first read and while the spec is invalid.
        body: the live object as last read, for events and conditions.
        invalid: why the spec cannot be used.
        conflicts: names that this pool needs and somebody else has.
        refused: what the API server said when it refused a child.
        rejected: why pods of the Deployment are not even there: the API server refuses them, or they were evicted.
        wanted: children as last asked for, by kind; drift is measured against them.
        applied_generation: generation of the spec that the children follow.
        structure_due_ms: when to read the pool and its children anew; 0 means now.
        memory: of the decision.
        decision: the last one.
        decided_ms: when it was made; None before the first.
        effective: the rules that it followed.
        policy_memory: of those rules.
        startups: measured start-ups.
        starts: start-ups under way.
        footprints: memory that pods have used at most.
        last_start: of a schedule.
        pace: of the last tick.
        budget: of starts that fail.
        ever_warm: uids of pods that were seen warm; None before the first look.
        failing: uids of pods whose start fails.
        rivals: others who scale the same workload.
        hand: who scaled it by hand, None if nobody did.
        awake: whether it was seen with pods since the operator last took it to none.
        history: the last changes of the decision, newest last.
        meter: of warm hits, cold requests and idle time.
        record: of the decisions, for those who ask why.
        arrivals: requests of the last minute.
        refusals: refusal counters by pod uid.
        guard: of the Ingress.
        out_since_ms: first tick at which a retired pod was seen out of the Service, by uid.
        status: as last written.
        status_written_ms: when.
    """

    pool: Pool | None = None
    body: Manifest = field(default_factory=dict)
    invalid: str | None = None
    conflicts: list[str] = field(default_factory=list)
    refused: str | None = None
    rejected: Trouble | None = None
    wanted: dict[str, Manifest] = field(default_factory=dict)
    applied_generation: int | None = None
    structure_due_ms: int = 0
    memory: Memory | None = None
    decision: Decision | None = None
    decided_ms: int | None = None
    effective: Effective | None = None
    policy_memory: PolicyMemory = field(default_factory=PolicyMemory)
    startups: Startups = field(default_factory=Startups)
    starts: Starts = field(default_factory=Starts)
    footprints: tuple[Footprint, ...] = ()
    last_start: LastStart | None = None
    pace: Pace | None = None
    budget: StartBudget = field(default_factory=StartBudget)
    ever_warm: set[str] | None = None
    failing: set[str] = field(default_factory=set)
    rivals: list[str] = field(default_factory=list)
    hand: str | None = None
    awake: bool = False
    history: tuple[Change, ...] = ()
    meter: Meter = field(default_factory=Meter)
    record: Record = field(default_factory=Record)
    arrivals: Arrivals = field(default_factory=Arrivals)
    refusals: dict[str, Refusals] = field(default_factory=dict)
    guard: Guard = field(default_factory=Guard)
    out_since_ms: dict[str, int] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)
    status_written_ms: int = 0

    def take(self, body: Manifest, kept: Kept) -> None:
        """Take over a pool that was read; its status is the memory only as long as there is none here."""
        if body["metadata"]["uid"] != self.body.get("metadata", {}).get("uid"):
            self.memory, self.decision, self.applied_generation = kept.memory, None, None
            self.policy_memory, self.startups, self.last_start = kept.policy, kept.startups, kept.last_start
            self.history, self.meter = kept.history, Meter(traffic=kept.traffic)
            self.awake, self.footprints = kept.stopped_by_hand, kept.footprints
            self.budget, self.ever_warm, self.pace = kept.budget, None, None
            self.guard = Guard(limiting=Limiting(followed=kept.followed, generation=kept.generation))
            self.decided_ms, self.starts, self.arrivals = None, Starts(), Arrivals()
            self.status = body.get("status") or {}
        self.body = body

    @property
    def published(self) -> int | None:
        """Pods that were asked for last; None before the pool was read, 0 if nothing was ever decided."""
        if not self.body:
            return None
        return self.memory.published if self.memory is not None else 0

    @property
    def yields(self) -> bool:
        """Whether somebody else scales the workload, so that nothing is written."""
        return bool(self.rivals) or self.hand is not None

    def note_out(self, uids: set[str], now_ms: int) -> None:
        """Remember since when retired pods are out of the Service; forget those that no longer are."""
        self.out_since_ms = {uid: self.out_since_ms.get(uid, now_ms) for uid in uids}

    def out_for(self, uid: str, now_ms: int) -> int:
        """Return for how many milliseconds a retired pod has been out of the Service, 0 if it is not."""
        return now_ms - self.out_since_ms.get(uid, now_ms)
