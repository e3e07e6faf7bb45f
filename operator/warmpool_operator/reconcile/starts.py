"""Measuring start-ups: from the first sight of a pod until it is Ready, both by this operator's clock.

Timestamps in Pod objects have whole seconds and the clocks of other machines; a watch event is here within
milliseconds. Only pods whose beginning was seen are measured, so the first look after a restart measures none.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.api.names import Reason
from warmpool_operator.capacity.startup import Startups
from warmpool_operator.observe.pods import PodView, Stage


class Starts:
    """The start-ups of one pool that are under way."""

    def __init__(self) -> None:
        self._born_ms: dict[str, int] | None = None
        self._over: set[str] = set()

    def look(
        self, views: Iterable[PodView], startups: Startups, *, restarted: frozenset[str], now_ms: int
    ) -> Startups:
        """Return the statistics with the start-ups that ended in this tick.

        Args:
            views: all pods of the pool.
            startups: the statistics so far.
            restarted: uids of pods whose server was started more than once: how long they took is no measure.
            now_ms: milliseconds since the epoch.
        """
        present = {view.uid: view for view in views}
        if self._born_ms is None:
            self._born_ms, self._over = {}, set(present)
        self._over &= present.keys()
        born = {uid: self._born_ms.get(uid, now_ms) for uid in present if uid not in self._over}
        for uid, view in present.items():
            if uid not in born or view.terminating:
                continue
            if uid in restarted or _failed(view):
                startups = startups.failed()
            elif view.ready and view.stage is Stage.WARM:
                startups = startups.measured(now_ms - born[uid])
            else:
                continue
            self._over.add(uid)
        self._born_ms = {uid: at_ms for uid, at_ms in born.items() if uid not in self._over}
        return startups


def restarted(pod: Mapping[str, Any]) -> bool:
    """Whether the server of a live Pod object was started more than once."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return any(each["name"] == names.CONTAINER and each.get("restartCount", 0) > 0 for each in statuses)


def _failed(view: PodView) -> bool:
    """A pod that waits for a node has not failed: its start-up only takes longer."""
    return view.trouble is not None and view.trouble.reason != Reason.NO_NODE
