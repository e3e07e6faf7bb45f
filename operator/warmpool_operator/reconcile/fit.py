"""The condition `SettingsFit`: whether the times of a pool agree with each other and with what was measured."""

from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.startup import MIN_SAMPLES
from warmpool_operator.desired.consistency import Learned, disagreements
from warmpool_operator.desired.pool import Pool
from warmpool_operator.reconcile.conditions import Finding
from warmpool_operator.reconcile.roster import Roster
from warmpool_operator.reconcile.state import PoolState
from warmpool_operator.runtime.resources import DEPLOYMENTS


def settings_fit(state: PoolState, pool: Pool, roster: Roster) -> Finding:
    """Return whether the pool's settings fit, with the numbers that would where they do not."""
    startups = state.startups
    enough = len(startups.samples_ms) >= MIN_SAMPLES
    served = [each.report.sample.service_ms_mean for each in roster if each.report is not None]
    learned = Learned(
        start_p95_ms=startups.percentile(95) if enough else None,
        # The fastest pod: one that is starved of CPU says nothing about the setting.
        service_ms=min((milliseconds for milliseconds in served if milliseconds > 0), default=0),
    )
    # What the API server refused may have any shape, and holds for no pod.
    deployment = None if state.refused else state.wanted.get(DEPLOYMENTS.kind)
    template = deployment["spec"]["template"] if deployment else {}
    found = disagreements(pool.spec, template, learned)
    if found:
        return Finding(Type.SETTINGS_FIT, False, Reason.SETTINGS_DISAGREE, "; ".join(found))
    return Finding(Type.SETTINGS_FIT, True, Reason.SETTINGS_AGREE)
