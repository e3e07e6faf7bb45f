"""Start-ups as they end: which pods are measured, and from when to when."""

from dataclasses import replace
from typing import Any

from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.demand import Sample
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.milestones import Milestones
from warmpool_operator.observe.pods import PodView, Stage, Trouble
from warmpool_operator.reconcile.roster import Member
from warmpool_operator.reconcile.starts import REPORT_WAIT_MS, Seen, Starts

BORN = 1_000
REPORT = LoadReport(serving=True, draining=False, slots=8, sample=Sample(at_ms=0, running=0, queued=0))


def pod(uid: str, stage: Stage = Stage.SETUP, *, ready: bool = False, **fields: Any) -> Member:
    view = PodView(name=uid, uid=uid, ip=None, stage=stage, ready=ready, terminating=False, **fields)
    return Member(view=view)


def warm(uid: str, **fields: Any) -> Member:
    return replace(pod(uid, Stage.WARM, ready=True, **fields), report=REPORT)


def ready_at(ready_ms: int | None) -> Milestones:
    return Milestones(seen_ms=BORN, ready_ms=ready_ms)


def look(starts: Starts, member: Member, ready_ms: int | None, *, now_ms: int = 9_000) -> Seen:
    return starts.look([member], {member.view.uid: ready_at(ready_ms)}, now_ms=now_ms)


def begun() -> Starts:
    """An operator that has looked once, and seen no pod."""
    starts = Starts()
    starts.look([], {}, now_ms=0)
    return starts


def test_a_start_up_lasts_from_first_sight_to_ready_and_counts_once() -> None:
    starts = begun()
    assert look(starts, pod("a"), None).ended == ()
    (ended,) = look(starts, warm("a"), 6_300).ended
    assert ended.total_ms == 5_300, "not until the look, which may be late"
    assert look(starts, warm("a"), 6_300).ended == ()


def test_pods_whose_beginning_was_not_seen_are_not_measured() -> None:
    starts = Starts()
    assert look(starts, pod("a"), None) == Seen()
    assert look(starts, warm("a"), 6_300) == Seen()


def test_pods_that_fail_or_restart_are_failures_and_no_samples() -> None:
    starts = begun()
    assert look(starts, pod("a", trouble=Trouble(Reason.CRASH_LOOP, "exit code 1")), None).failures == 1
    assert look(starts, warm("a"), 6_300) == Seen()
    assert look(begun(), warm("a", restarts=1), 6_300) == Seen(failures=1)
    waiting = Trouble(Reason.NO_NODE, "0/1 nodes are available")
    starts = begun()
    assert look(starts, pod("a", Stage.PENDING, trouble=waiting), None) == Seen()
    assert look(starts, warm("a"), 9_001).ended[0].total_ms == 8_001, "waiting for a node is part of it"


def test_a_pod_that_does_not_tell_its_phases_is_waited_for_and_then_measured_without() -> None:
    starts, silent = begun(), replace(warm("a"), report=None)
    assert look(starts, silent, 6_000, now_ms=6_500).ended == ()
    assert look(starts, silent, 6_000, now_ms=6_000 + REPORT_WAIT_MS).ended[0].total_ms == 5_000


def test_the_first_request_is_dated_once() -> None:
    starts = begun()
    assert look(starts, warm("a"), 6_000).asked == ()
    busy = replace(warm("a"), report=replace(REPORT, sample=replace(REPORT.sample, accepted=3)))
    assert look(starts, busy, 6_000, now_ms=7_200).asked == (("a", 1_200),)
    assert look(starts, busy, 6_000, now_ms=8_000).asked == ()
