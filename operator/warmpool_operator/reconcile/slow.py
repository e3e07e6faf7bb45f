"""A pod that takes longer to load than the pool's pods usually do.

Reported, never acted on: only the startup probe's own limit ends a start.
"""

from collections.abc import Mapping

from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.startup import MIN_SAMPLES, Startups
from warmpool_operator.desired.pool import Pool
from warmpool_operator.observe.milestones import Milestones
from warmpool_operator.observe.pods import Stage
from warmpool_operator.reconcile.conditions import Finding
from warmpool_operator.reconcile.roster import Member, Roster

FACTOR = 2
"""Times the p95: starts side by side on one node take up to this much longer without anything being wrong."""
MARGIN_MS = 2_000
"""Where starts take tens of milliseconds, a second of scheduling noise is not news."""


def slow_start(
    pool: Pool, roster: Roster, milestones: Mapping[str, Milestones], startups: Startups, *, now_ms: int
) -> Finding:
    """Return whether a pod loads for longer than the history of the pool lets one expect.

    Only the time since its container runs counts, against whole starts: waiting for a node or an image is told by
    other conditions.
    """
    p95 = startups.percentile(95)
    slowest = max(
        ((_loading_ms(each, milestones, now_ms), each) for each in roster), key=_first, default=None
    )
    if p95 is None or len(startups.samples_ms) < MIN_SAMPLES or slowest is None:
        return Finding(Type.SLOW_START, False, Reason.AS_USUAL)
    loading_ms, member = slowest
    if loading_ms <= max(FACTOR * p95, p95 + MARGIN_MS):
        return Finding(Type.SLOW_START, False, Reason.AS_USUAL)
    text = (
        f"pod {member.view.name} loads for longer than {FACTOR} times what is usual: 95 % of the last"
        f" {len(startups.samples_ms)} starts took at most {p95 / 1000:.1f} s. It has"
        f" {pool.spec.startup.timeout_seconds} s (startup.timeoutSeconds) before it is stopped"
    )
    return Finding(Type.SLOW_START, True, Reason.SLOWER_THAN_USUAL, text)


def _loading_ms(member: Member, milestones: Mapping[str, Milestones], now_ms: int) -> int:
    passed = milestones.get(member.view.uid)
    loading = member.view.stage is Stage.SETUP and member.view.loading and not member.view.terminating
    if not loading or passed is None or passed.running_ms is None:
        return 0
    return now_ms - passed.running_ms


def _first(pair: tuple[int, Member]) -> int:
    return pair[0]
