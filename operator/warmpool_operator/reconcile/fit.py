"""The condition `SettingsFit`: whether a pool's settings agree with each other and with what was measured."""

from collections.abc import Mapping
from typing import Any

from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.startup import MIN_SAMPLES
from warmpool_operator.desired.consistency import Learned, disagreements, server_of
from warmpool_operator.desired.footprint import too_large, too_tight
from warmpool_operator.desired.pool import Pool
from warmpool_operator.reconcile.conditions import Finding
from warmpool_operator.reconcile.roster import Roster
from warmpool_operator.reconcile.state import PoolState
from warmpool_operator.runtime.resources import DEPLOYMENTS


def settings_fit(state: PoolState, pool: Pool, roster: Roster) -> Finding:
    """Return whether the pool's settings fit, with the numbers that would where they do not.

    A memory limit that is larger than needed does no harm: it is told of, and the settings fit.
    """
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
    limit = _memory_limit(template)
    tight = too_tight(state.footprints, limit)
    found = [*disagreements(pool.spec, template, learned), *([tight] if tight else [])]
    if found:
        return Finding(Type.SETTINGS_FIT, False, Reason.SETTINGS_DISAGREE, "; ".join(found))
    large = too_large(state.footprints, limit) if template else None
    return Finding(Type.SETTINGS_FIT, True, Reason.SETTINGS_AGREE, large or "")


def _memory_limit(template: Mapping[str, Any]) -> str | None:
    limits = (server_of(template).get("resources") or {}).get("limits") or {}
    return str(limits["memory"]) if "memory" in limits else None
