"""Measuring start-ups: from the first sight of a pod until it is Ready, both by this operator's clock.

Only pods whose beginning was seen are measured, so the first look after a restart measures none; a pod whose
server was started more than once is a failed start, however long it took.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from warmpool_operator.api.names import Reason
from warmpool_operator.observe.milestones import Milestones
from warmpool_operator.observe.pods import Stage
from warmpool_operator.reconcile.roster import Member

REPORT_WAIT_MS = 10_000
"""How long a start that is over waits for the pod to tell its phases: a busy pod may miss a few ticks."""
MAX_WAITING = 512
"""Pods whose first request is waited for; beyond these nobody asks when it came."""


@dataclass(frozen=True)
class Ended:
    """A start that is over: the pod, and when it passed what."""

    member: Member
    milestones: Milestones

    @property
    def total_ms(self) -> int:
        """Milliseconds from the first sight until Ready."""
        return (self.milestones.ready_ms or self.milestones.seen_ms) - self.milestones.seen_ms


@dataclass(frozen=True)
class Seen:
    """What one look at the pods has shown.

    Attributes:
        ended: starts that went well.
        failures: starts that failed.
        asked: (pod, milliseconds from Ready) of those whose first request came.
    """

    ended: tuple[Ended, ...] = ()
    failures: int = 0
    asked: tuple[tuple[str, int], ...] = ()


@dataclass
class Starts:
    """The start-ups of one pool that are under way."""

    _over: set[str] | None = None
    _unasked: dict[str, int] = field(default_factory=dict)

    def look(self, roster: Iterable[Member], milestones: Mapping[str, Milestones], *, now_ms: int) -> Seen:
        """Return the start-ups that ended since the last look.

        Args:
            roster: all pods of the pool.
            milestones: what they were seen to pass, by uid.
            now_ms: milliseconds since the epoch.
        """
        present = {member.view.uid: member for member in roster}
        if self._over is None:
            self._over = set(present)
        self._over &= present.keys()
        ended, failures = [], 0
        for uid, member in present.items():
            passed = milestones.get(uid)
            if uid in self._over or passed is None or member.view.terminating:
                continue
            if member.view.restarts > 0 or _failed(member):
                failures += 1
            elif _told(member, passed, now_ms=now_ms):
                ended.append(Ended(member, passed))
            else:
                continue
            self._over.add(uid)
        return Seen(tuple(ended), failures, self._first_requests(present, ended, now_ms=now_ms))

    def _first_requests(
        self, present: Mapping[str, Member], ended: Iterable[Ended], *, now_ms: int
    ) -> tuple[tuple[str, int], ...]:
        for each in ended:
            if len(self._unasked) < MAX_WAITING:
                self._unasked[each.member.view.uid] = each.milestones.ready_ms or now_ms
        self._unasked = {uid: at_ms for uid, at_ms in self._unasked.items() if uid in present}
        came = [
            uid
            for uid in self._unasked
            if (report := present[uid].report) is not None and report.sample.accepted > 0
        ]
        return tuple((present[uid].view.name, max(0, now_ms - self._unasked.pop(uid))) for uid in came)


def _told(member: Member, passed: Milestones, *, now_ms: int) -> bool:
    """Whether a start is over and its phases are known, or will not be."""
    if passed.ready_ms is None or not member.view.ready or member.view.stage is not Stage.WARM:
        return False
    return member.report is not None or now_ms - passed.ready_ms >= REPORT_WAIT_MS


def _failed(member: Member) -> bool:
    """A pod that waits for a node has not failed: its start-up only takes longer."""
    trouble = member.view.trouble
    return trouble is not None and trouble.reason != Reason.NO_NODE
