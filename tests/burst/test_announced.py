"""A pool that is told when its load changes: real runs begin by the clock, since cron knows full minutes only."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.burst import measure
from bench.burst.manifests import pool
from bench.burst.scenarios import SCENARIOS
from bench.burst.systems import ANNOUNCED, SYSTEMS, told
from warmpool_operator.api.pool import PoolSpec

CHANGE = datetime(2026, 11, 26, 9, 5, tzinfo=UTC)


def test_the_window_begins_with_the_change() -> None:
    spec = PoolSpec.model_validate(pool(told(SYSTEMS["ours_sched"], CHANGE))["spec"])
    (window,) = spec.scaling.schedules
    assert (window.start, window.time_zone, window.min_replicas) == (
        "5 9 * * *",
        "UTC",
        ANNOUNCED["minReplicas"],
    )
    assert spec.scaling.min_replicas == SYSTEMS["ours_sched"].at_rest, "and before it there is only the floor"


@pytest.mark.parametrize("scenario", ["step", "diurnal", "trace"])
@pytest.mark.parametrize("now", [0.0, 3.0, 21.0, 36.9, 37.1, 59.9])
def test_a_run_begins_so_that_its_load_changes_at_the_announced_minute(
    monkeypatch: pytest.MonkeyPatch, scenario: str, now: float
) -> None:
    begin = CHANGE.timestamp() + now
    clock, announced = [begin], []

    class Bed:
        def announce(self, system: object, namespace: str, change: datetime) -> None:
            announced.append(change)

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(measure.time, "time", lambda: clock[0])
    monkeypatch.setattr(measure.time, "sleep", sleep)
    bed: Any = Bed()
    chosen = SCENARIOS[scenario]
    measure._announce(bed, chosen, SYSTEMS["ours_sched"], "here")
    (change,) = announced
    assert change.second == change.microsecond == 0
    assert clock[0] + chosen.change_at == change.timestamp()
    lead = timedelta(seconds=float(ANNOUNCED["lead"]))
    assert (change - lead).timestamp() >= begin, "told in time for its pods to come"
    assert clock[0] - begin <= 60 + measure.SETTLE_SECONDS + float(ANNOUNCED["lead"])
