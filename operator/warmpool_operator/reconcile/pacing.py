"""The pace of one tick: which starts failed or succeeded since the last, and how many pods to ask for now."""

from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.pacing import Pace, paced
from warmpool_operator.capacity.types import Decision
from warmpool_operator.desired.pool import Pool
from warmpool_operator.observe.pods import Stage
from warmpool_operator.reconcile.roster import Roster, alive, count
from warmpool_operator.reconcile.state import PoolState


def pace(
    state: PoolState, pool: Pool, decision: Decision, roster: Roster, *, replicas: int, now_ms: int
) -> Pace:
    """Return how many pods to ask for now, and keep the budget of failed starts in `state`."""
    present = {member.view.uid for member in roster}
    warm = {member.view.uid for member in roster if member.view.stage is Stage.WARM}
    failing = {
        member.view.uid
        for member in alive(roster)
        # A pod that waits for a node has not failed: asking for it is what makes a cluster grow.
        if member.view.trouble is not None and member.view.trouble.reason != Reason.NO_NODE
    }
    if state.ever_warm is not None:  # the first look after a restart tells nothing new
        state.budget = state.budget.after(
            failed=len(failing - state.failing), succeeded=len(warm - state.ever_warm), now_ms=now_ms
        )
    state.ever_warm = ((state.ever_warm or set()) | warm) & present
    state.failing = failing
    made = paced(
        desired=decision.desired,
        replicas=replicas,
        floor=decision.terms.floor,
        ready=count(roster).ready,
        max_warming=pool.spec.scaling.scale_out.max_warming,
        budget=state.budget,
        now_ms=now_ms,
    )
    if state.budget.spent and made.pods > replicas and not pool.hands_off:
        state.budget = state.budget.tried(now_ms=now_ms)
    return made
