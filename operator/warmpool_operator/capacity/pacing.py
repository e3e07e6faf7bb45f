"""How much of the decision is asked of the cluster now: pacing of starts, never of what already runs.

The decision says how many pods there should be. Two rules may let the cluster get there more slowly: at most
`scaleOut.maxWarming` pods on their way at once, and a budget for starts that fail. Neither ever asks for fewer
pods than there are, so a pace cannot shrink a pool.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

FAILURES_ALLOWED = 3
"""Failed starts in a row that change nothing: one bad node, one registry that hiccups."""
FIRST_BACKOFF_MS = 10_000
MAX_BACKOFF_MS = 300_000
"""As the kubelet's own for a container that crashes."""


@dataclass(frozen=True, kw_only=True)
class StartBudget:
    """Starts that failed since one last succeeded.

    Attributes:
        failures: how many.
        retry_at_ms: when one more pod may be tried; 0 while the budget is not spent.
    """

    failures: int = 0
    retry_at_ms: int = 0

    @property
    def spent(self) -> bool:
        """Whether growth has to wait."""
        return self.failures >= FAILURES_ALLOWED

    def after(self, *, failed: int, succeeded: int, now_ms: int) -> "StartBudget":
        """Return the budget after one tick in which so many starts failed and succeeded."""
        if succeeded:
            return StartBudget()
        if not failed:
            return self
        failures = self.failures + failed
        beyond = min(16, failures - FAILURES_ALLOWED)
        backoff = min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS << beyond) if beyond >= 0 else 0
        return StartBudget(failures=failures, retry_at_ms=now_ms + backoff if backoff else 0)

    def tried(self, *, now_ms: int) -> "StartBudget":
        """Return the budget after one more pod was asked for: the next may come a backoff later."""
        beyond = min(16, max(0, self.failures - FAILURES_ALLOWED))
        return replace(self, retry_at_ms=now_ms + min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS << beyond))


class Brake(StrEnum):
    """What holds growth back."""

    MAX_WARMING = "MaxWarming"
    START_BUDGET = "StartBudget"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What is asked of the cluster now.

    Attributes:
        pods: as many.
        brake: what keeps it below the decision, None if nothing does.
    """

    pods: int
    brake: Brake | None = None


def paced(
    *,
    desired: int,
    replicas: int,
    floor: int,
    ready: int,
    max_warming: int | None,
    budget: StartBudget,
    now_ms: int,
) -> Pace:
    """Return how many pods to ask for now: min(desired, max(floor, ready + maxWarming)), and no start too many.

    Args:
        desired: the decision.
        replicas: what the workload is asked to have now.
        floor: in force; its pods may all start at once.
        ready: warm pods.
        max_warming: pods that may be on their way at once, None for any number.
        budget: of failed starts.
        now_ms: milliseconds since the epoch.
    """
    if desired <= replicas:
        return Pace(pods=desired)
    limits = {}
    if budget.spent:
        limits[Brake.START_BUDGET] = replicas + (1 if now_ms >= budget.retry_at_ms else 0)
    if max_warming is not None:
        limits[Brake.MAX_WARMING] = max(replicas, floor, ready + max_warming)
    brake = min(limits, key=lambda each: limits[each], default=None)
    if brake is None or limits[brake] >= desired:
        return Pace(pods=desired)
    return Pace(pods=limits[brake], brake=brake)
