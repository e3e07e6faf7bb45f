"""The rules of a tick: start-ups as they end, schedules as they start, and the status that tells of both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.startup import Startups
from warmpool_operator.capacity.types import Observation, Policy
from warmpool_operator.desired.pool import Pool
from warmpool_operator.observe.pods import PodView, Stage, Trouble
from warmpool_operator.reconcile.deciding import decide_for
from warmpool_operator.reconcile.foresight import schedule_status
from warmpool_operator.reconcile.reading import InvalidSpecError, parse_pool
from warmpool_operator.reconcile.roster import Member, Roster
from warmpool_operator.reconcile.starts import Starts, restarted
from warmpool_operator.reconcile.state import PoolState

ROOT = Path(__file__).parents[3]
NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z
NOBODY: frozenset[str] = frozenset()
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


def pod(uid: str, stage: Stage = Stage.SETUP, *, ready: bool = False, **fields: Any) -> PodView:
    return PodView(name=uid, uid=uid, ip=None, stage=stage, ready=ready, terminating=False, **fields)


def warm(uid: str) -> PodView:
    return pod(uid, Stage.WARM, ready=True)


def looks(*ticks: tuple[int, list[PodView]], again: frozenset[str] = NOBODY) -> Startups:
    starts, startups = Starts(), Startups()
    for now_ms, views in ticks:
        startups = starts.look(views, startups, restarted=again, now_ms=now_ms)
    return startups


def test_a_start_up_lasts_from_first_sight_to_ready_and_counts_once() -> None:
    measured = looks(
        (0, []),
        (1_000, [pod("a", Stage.PENDING)]),
        (3_000, [pod("a"), pod("b")]),
        (6_300, [warm("a"), pod("b", Stage.WARM)]),
        (7_000, [pod("a", Stage.WARM), warm("b")]),
        (9_000, [warm("a"), warm("b")]),
    )
    assert measured == Startups(samples_ms=(5_300, 4_000))


def test_pods_whose_beginning_was_not_seen_are_not_measured() -> None:
    assert looks((0, [pod("a")]), (5_000, [warm("a")])) == Startups()


def test_pods_that_fail_or_restart_are_failures_and_no_samples() -> None:
    trouble = Trouble(Reason.CRASH_LOOP, "exit code 1")
    failed = looks((0, []), (1, [pod("a")]), (2, [pod("a", trouble=trouble)]), (3, [warm("a")]))
    assert failed == Startups(failures=1)
    assert looks((0, []), (1, [pod("a")]), (2, [warm("a")]), again=frozenset("a")) == Startups(failures=1)
    waiting = Trouble(Reason.NO_NODE, "0/1 nodes are available")
    late = looks((0, []), (1, [pod("a", Stage.PENDING, trouble=waiting)]), (9_001, [warm("a")]))
    assert late == Startups(samples_ms=(9_000,)), "waiting for a node is part of a start-up"


def test_restarts_are_read_from_the_servers_container() -> None:
    def live(name: str, count: int) -> dict[str, Any]:
        return {"status": {"containerStatuses": [{"name": name, "restartCount": count}]}}

    assert restarted(live("server", 1))
    assert not restarted(live("server", 0))
    assert not restarted(live("sidecar", 3))
    assert not restarted({})


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
