"""The condition `SettingsFit`, from what pods tell to what a person reads."""

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from warmpool_operator.api.names import Reason
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.capacity.demand import Sample
from warmpool_operator.desired.footprint import SEASONED_REQUESTS
from warmpool_operator.desired.pool import Pool
from warmpool_operator.observe.cache import Key
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.pods import PodView, Stage
from warmpool_operator.reconcile.children import wanted_children
from warmpool_operator.reconcile.conditions import Finding
from warmpool_operator.reconcile.fit import settings_fit
from warmpool_operator.reconcile.measure import measure
from warmpool_operator.reconcile.roster import Member
from warmpool_operator.reconcile.state import PoolState

MEBI = 2**20


def pool(memory: str | None) -> Pool:
    limits = {} if memory is None else {"memory": memory}
    spec: dict[str, Any] = {
        "model": {"name": "m", "source": {"baked": {}}},
        "server": {"image": "i", "resources": {"limits": limits}},
        "scaling": {"maxReplicas": 2},
    }
    return Pool(namespace="n", name="p", uid="u", generation=1, spec=PoolSpec.model_validate(spec))


def pod(peak: int | None, *, accepted: int = 0, template: str = "a") -> Member:
    sample = Sample(at_ms=0, running=0, queued=0, accepted=accepted)
    report = LoadReport(serving=True, draining=False, slots=8, sample=sample)
    if peak is not None:
        report = replace(report, memory_peak=peak * MEBI, start_memory_peak=(peak - 9) * MEBI)
    view = PodView(
        name="x", uid="x", ip=None, stage=Stage.WARM, ready=True, terminating=False, template=template
    )
    return Member(view=view, report=report)


def state_of(pool: Pool) -> PoolState:
    return PoolState(pool=pool, wanted=wanted_children(pool, admin_token="t"))


def told(state: PoolState, *members: Member) -> Finding:
    """What a tick with these pods says; nothing of it asks the API server."""
    nobody = cast("Any", None)
    asyncio.run(measure(state, members, {}, key=Key("n", "p"), client=nobody, news=nobody, now_ms=0))
    assert state.pool is not None
    return settings_fit(state, state.pool, members)


def test_memory_near_its_limit_does_not_fit_until_the_limit_is_raised() -> None:
    state = state_of(pool("256Mi"))
    assert told(state, pod(200)).holds
    found = told(state, pod(250))
    assert (found.holds, found.reason) == (False, Reason.SETTINGS_DISAGREE)
    assert "is 256Mi, and pods used up to 250Mi (241Mi to start): set it to 336Mi" in found.message
    assert told(state, pod(30), pod(None)) == found, "a smaller pod takes nothing back"
    raised = pool("336Mi")
    state.pool, state.wanted = raised, wanted_children(raised, admin_token="t")
    assert told(state, pod(250)).holds


@pytest.mark.parametrize(("memory", "words"), [("2Gi", "is 2Gi"), (None, "is not set")])
def test_memory_that_is_never_used_is_told_and_fits(memory: str | None, words: str) -> None:
    state = state_of(pool(memory))
    assert told(state, pod(212)).message == ""
    found = told(state, pod(212, accepted=SEASONED_REQUESTS))
    assert (found.holds, found.reason) == (True, Reason.SETTINGS_AGREE)
    assert f"{words}, and no pod used more than 212Mi (203Mi to start): 288Mi would do" in found.message


def test_a_pool_that_only_observes_is_told_nothing_of_a_template_that_it_has_not() -> None:
    state = state_of(pool(None))
    state.wanted = {}
    assert told(state, pod(212, accepted=SEASONED_REQUESTS)).message == ""
