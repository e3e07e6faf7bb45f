"""A recording made by hand: one pod, a burst of 10 s at 20/s, four pods after 5 s, back to one at 40 s."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.load.client import Run
from bench.load.record import Record
from bench.load.schedule import constant
from hack.demo.burst import Recording
from hack.demo.sampling import Sample

ZERO = 1_700_000_000.0
CALM = Sample(
    at=ZERO - 5,
    demand=0,
    desired=1,
    ready=1,
    warming=0,
    draining=0,
    hpa_min=1,
    replicas=1,
    ceiling=4,
    binding="Buffer",
)


def sample_at(second: float) -> Sample:
    at = replace(CALM, at=ZERO + second)
    if second < 1:
        return at
    if second < 1.5:
        return replace(at, demand=30, desired=4, binding="Ceiling")
    if second < 5:
        return replace(at, demand=60, desired=4, hpa_min=4, replicas=4, warming=3, binding="Ceiling")
    if second < 30:
        busy = 50 if second < 10 else 0
        return replace(at, demand=busy, desired=4, hpa_min=4, replicas=4, ready=4, binding="KeepAlive")
    if second < 40:
        return replace(at, desired=1, hpa_min=1, replicas=4 if second < 35 else 1, draining=3)
    return at


def record_at(second: float, number: int) -> Record:
    late = second >= 5
    refused = number % 4 != 0 if not late else number % 4 == 0
    took = 0.01 if refused else 0.5
    return Record(
        intended=second,
        sent=second + 0.001,
        finished=second + took,
        status=429 if refused else 200,
        retry_after=(2.0 if late else 1.0) if refused else None,
    )


@pytest.fixture
def recording() -> Recording:
    schedule = constant(20, 10)
    records = tuple(record_at(send.at, number) for number, send in enumerate(schedule))
    samples = tuple(sample_at(step / 2) for step in range(-10, 90))
    return Recording(
        schedule=schedule, run=Run(started=ZERO, records=records), samples=samples, calm=CALM, back=True
    )


@pytest.fixture
def with_samples(recording: Recording) -> Callable[[Callable[[Sample], Sample]], Recording]:
    """The recording with every sample changed."""

    def change(how: Callable[[Sample], Sample]) -> Recording:
        return replace(recording, samples=tuple(how(sample) for sample in recording.samples))

    return change
