"""The rules of a tick: start-ups as they end, schedules as they start, and the status that tells of both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from warmpool_operator.capacity.types import Observation, Policy
from warmpool_operator.desired.pool import Pool
from warmpool_operator.reconcile.deciding import decide_for
from warmpool_operator.reconcile.foresight import schedule_status
from warmpool_operator.reconcile.reading import InvalidSpecError, parse_pool
from warmpool_operator.reconcile.roster import Member, Roster
from warmpool_operator.reconcile.state import PoolState

ROOT = Path(__file__).parents[3]
NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z
MakeMember = Callable[..., Member]


def pool(**scaling: Any) -> Pool:
    body = yaml.safe_load((ROOT / "examples/fake.yaml").read_text())
    body["metadata"] |= {"namespace": "default", "uid": "u", "generation": 1}
    body["spec"]["scaling"] |= scaling
    return parse_pool(body)


def noon(**fields: Any) -> dict[str, Any]:
    return {"name": "noon", "start": "0 12 * * *", "timeZone": "UTC", "durationSeconds": 60} | fields


def foresee(state: PoolState, shop: Pool, seen: Observation, roster: Roster, *, now_ms: int) -> Policy:
    decide_for(state, shop, roster, seen, namespace_ceiling=None, now_ms=now_ms)
    assert state.effective is not None
    return state.effective.policy


@pytest.mark.parametrize(("ready", "met"), [(2, True), (1, False)])
def test_a_start_is_judged_when_it_comes(member: MakeMember, ready: int, met: bool) -> None:
    shop, state = pool(schedules=[noon(minReplicas=2, lead=30)]), PoolState()
    roster = tuple(member() for _ in range(ready))
    for now_ms in (NOON - 30_000, NOON - 100, NOON + 400, NOON + 900):
        policy = foresee(state, shop, Observation(), roster, now_ms=now_ms)
        assert policy.floor == 2
        if now_ms == NOON + 400:
            roster = ()
    status = schedule_status(state.effective, state.last_start)
    assert status is not None
    assert status.last is not None
    assert (status.last.met, status.last.ready, status.last.floor) == (met, ready, 2)
    assert status.to_wire() == {
        "name": "noon",
        "active": True,
        "start": "2026-11-23T12:00:00.000Z",
        "effectiveStart": "2026-11-23T11:59:30.000Z",
        "end": "2026-11-23T12:01:00.000Z",
        "next": "2026-11-23T12:01:00.000Z",
        "last": status.last.to_wire(),
    }


def test_a_start_on_the_tick_is_judged_once_and_a_ceiling_never(member: MakeMember) -> None:
    shop, state = pool(schedules=[noon(minReplicas=1)]), PoolState()
    for now_ms, roster in ((NOON - 500, ()), (NOON, (member(),)), (NOON + 500, ())):
        foresee(state, shop, Observation(), roster, now_ms=now_ms)
    assert state.last_start is not None
    assert state.last_start.ready == 1
    shop, state = pool(schedules=[noon(maxReplicas=1)]), PoolState()
    for now_ms in (NOON - 500, NOON):
        foresee(state, shop, Observation(), (), now_ms=now_ms)
    assert state.last_start is None


def test_a_start_that_nobody_saw_coming_is_not_judged(member: MakeMember) -> None:
    state = PoolState()
    shop = pool(schedules=[noon(minReplicas=2)])
    foresee(state, shop, Observation(), (member(),), now_ms=NOON + 400)
    assert state.last_start is None
    state.decided_ms = NOON - 60_000
    foresee(state, shop, Observation(), (member(),), now_ms=NOON + 400)
    assert state.last_start is None


def test_the_next_window_is_shown_while_none_is_open() -> None:
    state = PoolState()
    later = noon(minReplicas=2, lead=30) | {"name": "later", "start": "0 13 * * *"}
    shop = pool(schedules=[later, noon(maxReplicas=3)])
    foresee(state, shop, Observation(), (), now_ms=NOON - 60_000)
    before = schedule_status(state.effective, None)
    assert before is not None
    assert (before.name, before.active, before.next) == ("noon", False, "2026-11-23T12:00:00.000Z")
    foresee(state, shop, Observation(), (), now_ms=NOON + 60_000)
    after = schedule_status(state.effective, None)
    assert after is not None
    assert (after.name, after.active, after.next) == ("later", False, "2026-11-23T12:59:30.000Z")


def test_a_pool_without_times_has_no_schedule_status() -> None:
    state = PoolState()
    foresee(state, pool(), Observation(), (), now_ms=NOON)
    assert schedule_status(state.effective, None) is None


def test_a_zone_that_does_not_exist_is_named_by_field() -> None:
    with pytest.raises(
        InvalidSpecError, match=r"scaling\.schedules\.0\.timeZone: .*no time zone 'Mars/Base'"
    ):
        pool(schedules=[noon(minReplicas=2) | {"timeZone": "Mars/Base"}])
