"""Pods in any state, in one line."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from warmpool_operator.capacity.demand import Sample
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.pods import PodView, Stage, Trouble
from warmpool_operator.reconcile.roster import Member

MakeMember = Callable[..., Member]


@pytest.fixture
def member() -> MakeMember:
    """Make a pod: warm, idle and serving unless told otherwise."""
    numbers = itertools.count()

    def make(
        *,
        stage: Stage = Stage.WARM,
        ready: bool | None = None,
        draining: bool = False,
        silent: bool = False,
        in_flight: int = 0,
        out_ms: int = 0,
        terminating: bool = False,
        trouble: Trouble | None = None,
    ) -> Member:
        name = f"pod-{next(numbers)}"
        sample = Sample(at_ms=0, running=in_flight, queued=0)
        report = LoadReport(serving=not draining, draining=draining, slots=8, sample=sample)
        details: dict[str, Any] = {"stage": stage, "terminating": terminating, "trouble": trouble}
        is_ready = stage is Stage.WARM and not draining if ready is None else ready
        pod = PodView(name=name, uid=name, ip="10.0.0.1", ready=is_ready, **details)
        reports = stage is Stage.WARM and not silent
        return Member(view=pod, report=report if reports else None, out_ms=out_ms)

    return make
