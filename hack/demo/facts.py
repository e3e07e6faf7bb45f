"""What a recording says, as numbers. Pure.

All moments are seconds after the first request of the burst; samples are half a second apart, so a moment that
comes from them is at most that much too late.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.load.record import Record, Summary, percentile, summarize
from bench.load.schedule import rates
from hack.demo.burst import Recording
from hack.demo.sampling import Sample
from warmpool_operator.capacity.types import Binding


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The burst and the pool's answer to it. A moment that never came is None.

    Attributes:
        seconds: length of the burst.
        offered_mean: requests per second, over the burst.
        offered_peak: the same, in its busiest second.
        load: what became of the requests.
        refusal_p99: seconds until a refused request knew so, None without one.
        retry_after: smallest and largest wait that refusals asked for, None without one.
        before: pods before the burst.
        most: most warm pods.
        ceiling: most pods that the pool may have.
        most_asked: most replicas that the Deployment was ever asked to have.
        capped: whether the ceiling was ever what decided.
        desired_up: when the decision first exceeded the pods before.
        hpa_up: when the HPA's minimum first did.
        scale_up: when the Deployment's replicas first did.
        ready_up: when one more pod was warm.
        ready_most: when all of `most` were.
        answered_first: answers per second before one more pod was warm, while new ones were loading.
        answered_last: answers per second from when all were warm to the end of the burst.
        desired_down: when, after the end of the burst, the decision fell below its highest.
        retiring: most pods seen retiring at once.
        back: when the pool was as before the burst and at rest.
    """

    seconds: float
    offered_mean: float
    offered_peak: float
    load: Summary
    refusal_p99: float | None
    retry_after: tuple[float, float] | None
    before: int
    most: int
    ceiling: int
    most_asked: int
    capped: bool
    desired_up: float | None
    hpa_up: float | None
    scale_up: float | None
    ready_up: float | None
    ready_most: float | None
    answered_first: float | None
    answered_last: float | None
    desired_down: float | None
    retiring: int
    back: float | None


def facts_of(recording: Recording) -> Facts:
    """Return the facts of a recording that has at least one request and one sample."""
    records, samples, before = recording.run.records, recording.samples, recording.calm.desired
    seconds = recording.schedule[-1].at
    most = max(sample.ready for sample in samples)
    peak = max(sample.desired for sample in samples)
    zero = recording.run.started
    waits = [record.retry_after for record in records if record.refused and record.retry_after is not None]
    ready_up = _first(samples, zero, lambda s: s.ready > before)
    ready_most = _first(samples, zero, lambda s: s.ready == most) if most > before else None
    return Facts(
        seconds=seconds,
        offered_mean=len(records) / seconds if seconds else float(len(records)),
        offered_peak=max(rates(recording.schedule)),
        load=summarize(records),
        refusal_p99=percentile((record.latency for record in records if record.refused), 99),
        retry_after=(min(waits), max(waits)) if waits else None,
        before=before,
        most=most,
        ceiling=max(sample.ceiling for sample in samples),
        most_asked=max(sample.replicas for sample in samples),
        capped=any(sample.binding == Binding.CEILING for sample in samples),
        desired_up=_first(samples, zero, lambda s: s.desired > before),
        hpa_up=_first(samples, zero, lambda s: s.hpa_min > before),
        scale_up=_first(samples, zero, lambda s: s.replicas > before),
        ready_up=ready_up,
        ready_most=ready_most,
        answered_first=_answers_per_second(records, 0.0, min(seconds, ready_up or seconds)),
        answered_last=None if ready_most is None else _answers_per_second(records, ready_most, seconds),
        desired_down=_first(samples, zero, lambda s: s.at >= zero + seconds and s.desired < peak),
        retiring=max(sample.draining for sample in samples),
        back=_first(samples, zero, lambda s: s.at >= zero + seconds and s.settled and s.desired <= before),
    )


def open_requests(records: Sequence[Record], *, width: float) -> list[int]:
    """Return how many requests were open at 0, width, 2 width, ... seconds."""
    end = max((record.finished for record in records), default=0.0)
    changes = sorted([(r.sent, 1) for r in records] + [(r.finished, -1) for r in records])
    counts: list[int] = []
    now = index = 0
    for step in range(int(end / width) + 2):
        while index < len(changes) and changes[index][0] <= step * width:
            now += changes[index][1]
            index += 1
        counts.append(now)
    return counts


def per_second(records: Sequence[Record], kept: Callable[[Record], bool]) -> list[float]:
    """Return how many of the kept records ended in each second of the run."""
    counts = [0.0] * (int(max((record.finished for record in records), default=0.0)) + 1)
    for record in records:
        if kept(record):
            counts[int(record.finished)] += 1
    return counts


def _first(samples: Sequence[Sample], zero: float, holds: Callable[[Sample], bool]) -> float | None:
    return next(
        (max(0.0, sample.at - zero) for sample in samples if sample.at >= zero and holds(sample)), None
    )


def _answers_per_second(records: Sequence[Record], begin: float, end: float) -> float | None:
    """Answers per second within a time; None where it is too short to say."""
    if end - begin < 1:
        return None
    return sum(record.answered and begin <= record.finished < end for record in records) / (end - begin)
