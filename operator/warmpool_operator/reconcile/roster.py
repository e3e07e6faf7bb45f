"""The pods of a pool at one tick: what the Pod objects say, joined with what the pods say."""

from collections.abc import Iterable
from dataclasses import dataclass

from warmpool_operator.api.status import Pods
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.pods import LOADING, PodView, Stage


@dataclass(frozen=True, kw_only=True)
class Member:
    """One pod of the pool.

    Attributes:
        view: what the Pod object says.
        report: what the pod said in this tick; None if it was not asked or did not answer.
        out_ms: for how long it has been seen retired and out of the Service.
    """

    view: PodView
    report: LoadReport | None = None
    out_ms: int = 0

    @property
    def warm(self) -> bool:
        """Loaded, and not on its way out for good."""
        return self.view.stage is Stage.WARM and not self.view.terminating

    @property
    def retired(self) -> bool:
        """Loaded, but taken out of the Service by us; a warm pod back within one probe period."""
        return self.warm and self.report is not None and self.report.draining

    @property
    def serving(self) -> bool:
        """Warm and among the endpoints: what `ready` counts, and what may be retired."""
        return self.warm and self.view.ready and (self.report is None or self.report.serving)

    @property
    def silent(self) -> bool:
        """Warm by its Pod object, without an answer in this tick."""
        return self.warm and self.report is None

    @property
    def in_flight(self) -> int:
        """Requests it computes and queues; 0 if it did not answer."""
        return 0 if self.report is None else self.report.sample.running + self.report.sample.queued


Roster = tuple[Member, ...]


def alive(roster: Iterable[Member]) -> Roster:
    """Return the pods that are replicas of the workload: those not terminating."""
    return tuple(member for member in roster if not member.view.terminating)


def count(roster: Iterable[Member]) -> Pods:
    """Return the pods by state, as the status shows them."""
    stages = dict.fromkeys(Stage, 0)
    idle = running = draining = 0
    for member in roster:
        if member.view.terminating or member.retired:
            draining += 1
        elif member.serving and member.in_flight == 0:
            idle += 1
        elif member.serving:
            running += 1
        else:
            # Loaded but not (yet) an endpoint counts as still warming up: clients cannot reach it.
            stages[Stage.SETUP if member.view.stage is Stage.WARM else member.view.stage] += 1
    return Pods(
        pending=stages[Stage.PENDING],
        image_pull=stages[Stage.IMAGE_PULL],
        setup=stages[Stage.SETUP],
        idle=idle,
        running=running,
        draining=draining,
        failed=stages[Stage.FAILED],
        warming=sum(stages[stage] for stage in LOADING),
        ready=idle + running,
    )
