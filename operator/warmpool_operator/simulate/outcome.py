"""What became of a run, and the figures that it is judged by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from warmpool_operator.simulate.pod import Request
from warmpool_operator.simulate.setup import Setup

HEALTHY_PERCENT = 1.0
"""A second with more errors than this is not healthy."""


@dataclass(frozen=True, kw_only=True)
class PodLife:
    """One pod; -1: that moment never came."""

    scheduled_ms: int
    ready_ms: int
    gone_ms: int

    def seconds(self, end_ms: int) -> float:
        """Seconds from scheduled to gone, within the run."""
        gone_ms = end_ms if self.gone_ms < 0 else min(self.gone_ms, end_ms)
        return max(0, gone_ms - self.scheduled_ms) / 1000


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The pool at one moment: pods that exist, that serve, that were asked for; requests in them."""

    at_ms: int
    pods: int
    ready: int
    desired: int
    in_flight: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that is left of a run."""

    setup: Setup
    requests: Sequence[Request]
    pods: Sequence[PodLife]
    moments: Sequence[Moment]

    @property
    def error_percent(self) -> float:
        """Requests without a 200 within the client's deadline, in percent; retries do not count by themselves."""
        return 100 * self.errors / len(self.requests) if self.requests else 0.0

    @property
    def errors(self) -> int:
        """Requests without a 200 within the client's deadline."""
        return sum(request.status != 200 for request in self.requests)

    @property
    def pod_seconds(self) -> float:
        """Seconds of all pods, from scheduled to gone, within the run."""
        return sum(pod.seconds(self.setup.end_ms) for pod in self.pods)

    def latency_s(self, percent: float, *, before_ms: int | None = None) -> float | None:
        """Return a percentile of the answered requests' latency, from the intended moment, by nearest rank.

        Args:
            percent: 0 to 100.
            before_ms: only requests that were intended before this.
        """
        ordered = sorted(
            request.finished_ms - request.intended_ms
            for request in self.requests
            if request.status == 200 and (before_ms is None or request.intended_ms < before_ms)
        )
        return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] / 1000 if ordered else None

    def time_to_healthy_s(self, since_ms: int) -> float:
        """Return the seconds from a change until the last second that is not healthy has passed; 0 if none is."""
        seconds: dict[int, list[int]] = {}
        for request in self.requests:
            if request.intended_ms >= since_ms:
                seconds.setdefault(request.intended_ms // 1000, []).append(request.status)
        bad = [
            second
            for second, statuses in seconds.items()
            if 100 * sum(status != 200 for status in statuses) > HEALTHY_PERCENT * len(statuses)
        ]
        return max(0.0, max(bad) + 1 - since_ms / 1000) if bad else 0.0
