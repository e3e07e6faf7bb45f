"""A slow start is one that is slow against the pool's own history."""

from collections.abc import Callable

import pytest

from tests.operator.reconcile.test_foresight import pool
from warmpool_operator.capacity.startup import Start, Startups
from warmpool_operator.observe.milestones import Milestones
from warmpool_operator.observe.pods import Stage
from warmpool_operator.reconcile.roster import Member
from warmpool_operator.reconcile.slow import slow_start

MakeMember = Callable[..., Member]
HISTORY = Startups(starts=(Start(total_ms=4_000),) * 5)


@pytest.mark.parametrize(
    ("loading_ms", "history", "slow"),
    [
        (8_000, HISTORY, False),
        (8_001, HISTORY, True),
        (60_000, Startups(starts=HISTORY.starts[:4]), False),
        (2_050, Startups(starts=(Start(total_ms=50),) * 5), False),
        (2_051, Startups(starts=(Start(total_ms=50),) * 5), True),
    ],
)
def test_twice_the_p95_and_two_seconds_more(
    member: MakeMember, loading_ms: int, history: Startups, slow: bool
) -> None:
    pod = member(stage=Stage.SETUP)
    at = {pod.view.uid: Milestones(seen_ms=0, running_ms=50_000)}
    finding = slow_start(pool(), (member(), pod), at, history, now_ms=50_000 + loading_ms)
    assert finding.holds is slow
    if slow:
        assert pod.view.name in finding.message
        assert "60 s (startup.timeoutSeconds)" in finding.message


def test_waiting_for_a_node_or_an_image_is_not_slow(member: MakeMember) -> None:
    pending, pulling = member(stage=Stage.PENDING), member(stage=Stage.IMAGE_PULL)
    at = {each.view.uid: Milestones(seen_ms=0) for each in (pending, pulling)}
    assert slow_start(pool(), (pending, pulling), at, HISTORY, now_ms=99_000).holds is False
