"""From what pods report to demand: D = running + queued + refused.

A limiter must not hide the demand that it refuses, so refusals count as concurrency by Little's law: refusals
per second times mean service seconds, divided by the tries that an ingress makes for one client request.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.capacity.types import Observation

RATE_WINDOW_MS = 2_000
"""Refusals are averaged over this: four ticks, so that one unlucky tick is not taken for a trend."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one pod reported at one moment. Counts are requests.

    `accepted`, `rejected`, `warm_hits` (began within 50 ms) and `late_starts` only ever rise; the last two are
    None where the server does not count them.
    """

    at_ms: int
    running: int
    queued: int
    oldest_queued_ms: int = 0
    accepted: int = 0
    rejected: int = 0
    service_ms_mean: int = 0
    warm_hits: int | None = None
    late_starts: int | None = None


@dataclass(frozen=True)
class Refusals:
    """The recent readings of one pod's refusal counter, oldest first: (at_ms, rejected)."""

    readings: tuple[tuple[int, int], ...] = ()

    def read(self, sample: Sample) -> "Refusals":
        """Return the readings with `sample` added. A counter that fell was restarted: history is dropped."""
        if self.readings and sample.rejected < self.readings[-1][1]:
            return Refusals(((sample.at_ms, sample.rejected),))
        recent = [reading for reading in self.readings if sample.at_ms - reading[0] <= RATE_WINDOW_MS]
        return Refusals((*recent, (sample.at_ms, sample.rejected)))

    @property
    def span_ms(self) -> int:
        """Milliseconds between the oldest and the newest reading."""
        return self.readings[-1][0] - self.readings[0][0] if self.readings else 0

    @property
    def count(self) -> int:
        """Refusals between them."""
        return self.readings[-1][1] - self.readings[0][1] if self.readings else 0


def refused_concurrency(pods: Iterable[tuple[Refusals, int]], *, ingress_tries: int = 1) -> int:
    """Return refusals as concurrent requests: ceil(sum(rate * service) / tries).

    Args:
        pods: for each pod its refusals and its mean service time in milliseconds.
        ingress_tries: pods that an ingress asks for one client request before it gives up.
    """
    # Milli-requests keep the sum over pods exact enough that two pods at 0.4 each are one request, not two.
    milli = sum(
        refusals.count * service_ms * 1000 // refusals.span_ms
        for refusals, service_ms in pods
        if refusals.span_ms > 0
    )
    return ceil_div(milli, 1000 * ingress_tries)


def observe(
    samples: Iterable[tuple[Sample, Refusals]],
    *,
    silent: int,
    replicas: int,
    held: int = 0,
    ingress_tries: int = 1,
) -> Observation:
    """Return the observation of one tick from the fresh samples of its pods."""
    fresh = list(samples)
    return Observation(
        running=sum(sample.running for sample, _ in fresh),
        queued=sum(sample.queued for sample, _ in fresh),
        refused=refused_concurrency(
            ((refusals, sample.service_ms_mean) for sample, refusals in fresh), ingress_tries=ingress_tries
        ),
        held=held,
        oldest_queued_ms=max((sample.oldest_queued_ms for sample, _ in fresh), default=0),
        answered=len(fresh),
        silent=silent,
        replicas=replicas,
    )
