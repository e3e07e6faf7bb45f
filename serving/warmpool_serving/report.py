"""What the process tells of itself: the counters, and the small load report for the operator.

All counts are requests. Invariant: accepted = finished, by outcome, + running + queued.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from warmpool_serving import admission, memory
from warmpool_serving.admission import Limits, Means, Slip, Speed
from warmpool_serving.batcher import Batcher
from warmpool_serving.jobs import Snapshot
from warmpool_serving.names import CONTRACT_VERSION, Outcome, Reject
from warmpool_serving.phases import ColdStart
from warmpool_serving.policy import BatchLimits
from warmpool_serving.state import Lifecycle

WARM_HIT_SECONDS = 0.05
"""A request that waits less than this met a warm server with room: nobody notices such a wait."""
_NOTHING = Snapshot(running=0, queued=0, queued_tokens=0, running_tokens=0, oldest=0.0)


@dataclass(slots=True)
class Ledger:
    """Counters since the process began; written by the event loop only, read by any thread."""

    accepted: int = 0
    rejected: Counter[Reject] = field(default_factory=Counter)
    finished: Counter[Outcome] = field(default_factory=Counter)
    warm_hits: int = 0
    late_starts: int = 0

    def waited(self, seconds: float) -> None:
        """Counts a request by how long it waited before it was computed."""
        if seconds < WARM_HIT_SECONDS:
            self.warm_hits += 1
        else:
            self.late_starts += 1


class Report:
    """Reads everything that is reported; what does not exist yet counts as zero, not as missing."""

    def __init__(self, lifecycle: Lifecycle, cold: ColdStart, limits: Limits) -> None:
        self.lifecycle, self.cold, self.limits = lifecycle, cold, limits
        self.ledger = Ledger()
        self.means = Means(tokens=0.0)
        self.slip = Slip()
        self.batch = BatchLimits()
        self.batcher: Batcher | None = None
        self.heartbeat: float | None = None
        self.proven_memory: int | None = None
        self.metrics_text: Callable[[], bytes] | None = None

    def snapshot(self) -> Snapshot:
        """What is queued and running now."""
        return self.batcher.snapshot() if self.batcher else _NOTHING

    @property
    def speed(self) -> Speed:
        """Measured speed of one worker."""
        return self.batcher.speed if self.batcher else Speed()

    @property
    def tokens_per_second(self) -> float:
        """Measured speed of all workers."""
        return self.limits.workers * self.speed.tokens_per_second

    @property
    def slots(self) -> int:
        """Requests of mean size that fit at once; 0 before the model is up."""
        return admission.slots(self.speed, self.means, self.slip.tighten(self.limits)) if self.batcher else 0

    def load(self) -> dict[str, Any]:
        """The answer of ``GET /internal/load``: about 400 bytes, read once or twice a second."""
        now = self.snapshot()
        return {
            "v": CONTRACT_VERSION,
            "state": str(self.lifecycle.state),
            "running": now.running,
            "queued": now.queued,
            "oldestQueuedMs": round(now.oldest * 1000),
            "accepted": self.ledger.accepted,
            "rejected": sum(self.ledger.rejected.values()),
            "warmHits": self.ledger.warm_hits,
            "lateStarts": self.ledger.late_starts,
            "slots": self.slots,
            "serviceMsMean": round(self.means.seconds * 1000, 1),
            "tokensPerSecond": round(self.tokens_per_second),
            "uptimeMs": round(self.cold.age * 1000),
            "phases": {str(phase): round(seconds, 3) for phase, seconds in self.cold.done().items()},
            **self._memory(),
        }

    def _memory(self) -> dict[str, int]:
        """Peaks in bytes: of the whole life so far, and of the start alone once that is over."""
        told = {"memoryPeakBytes": memory.peak(), "startMemoryPeakBytes": self.proven_memory}
        return {name: number for name, number in told.items() if number is not None}
