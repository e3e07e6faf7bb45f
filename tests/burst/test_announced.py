"""A pool that is told when its load changes: real runs begin by the clock, since cron knows full minutes only."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.burst import measure
from bench.burst.manifests import pool
from bench.burst.scenarios import SCENARIOS
from bench.burst.systems import ANNOUNCED, SYSTEMS, can_be_told, told
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


@pytest.mark.parametrize("scenario", ["step", "diurnal"])
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
    run_begins = measure._announced(bed, chosen, SYSTEMS["ours_sched"], "here")
    (change,) = announced
    assert change.second == change.microsecond == 0
    assert run_begins + chosen.change_at == change.timestamp()
    assert clock[0] == run_begins - measure.SETTLE_SECONDS, "then the requests are made"
    lead = timedelta(seconds=float(ANNOUNCED["lead"]))
    assert (change - lead).timestamp() >= begin, "told in time for its pods to come"
    assert run_begins - begin <= 60 + 2 * measure.SETTLE_SECONDS


def test_a_run_without_a_calm_has_no_room_for_a_lead() -> None:
    announced, other = SYSTEMS["ours_sched"], SYSTEMS["ours"]
    assert can_be_told(announced, SCENARIOS["step"].change_at)
    assert not can_be_told(announced, SCENARIOS["trace"].change_at)
    assert can_be_told(other, SCENARIOS["trace"].change_at)
