"""Pods by the clock: a constant number, or one that changes at known moments."""

from collections.abc import Sequence

from warmpool_operator.simulate.workload import Workload


class Fixed:
    """Holds a number of pods; the best that a static Deployment can do.

    Args:
        replicas: from the start.
        changes: (at_ms, replicas), in order. With the moment of a step and the pods that it needs this is an
            autoscaler that knows at once and is never wrong: the bound that no reaction can beat.
    """

    period_ms = 100

    def __init__(self, replicas: int, changes: Sequence[tuple[int, int]] = ()) -> None:
        self.desired = replicas
        self._changes = list(changes)

    def act(self, now_ms: int, workload: Workload) -> None:
        """Do what is due."""
        while self._changes and self._changes[0][0] <= now_ms:
            self.desired = self._changes.pop(0)[1]
        if workload.replicas != self.desired:
            workload.scale(self.desired, now_ms)
