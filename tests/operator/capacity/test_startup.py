"""Measured start-ups: which count, and what they say."""

import pytest

from warmpool_operator.capacity.startup import MIN_SAMPLES, Start, Startups, auto_lead_ms, nearest_rank


def of(*totals: int, template: str = "a") -> Startups:
    return Startups(starts=tuple(Start(total_ms=total, template=template) for total in totals))


def test_a_new_template_counts_alone_once_enough_of_its_pods_were_measured() -> None:
    startups = of(*[10_000] * 20)
    for number in range(1, MIN_SAMPLES + 1):
        startups = startups.measured(Start(total_ms=1_000, template="b"))
        assert startups.percentile(95) == (1_000 if number == MIN_SAMPLES else 10_000)


def test_phases_are_in_the_order_in_which_they_pass() -> None:
    start = Start(total_ms=3, phases_ms=(("load", 2), ("scheduled", 1)))
    assert list(Startups(starts=(start, start)).by_phase(10)) == ["scheduled", "load"]
    assert Startups(starts=(start,) * 3).by_phase(2)["load"] == [2, 2]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ((), 30_000),
        ((1_000,) * 4, 30_000),
        ((5_000, 5_000, 5_000, 5_000, 5_301), 5_832),
        ((20_000,) * 10, 22_000),
        ((5_000,) * 19 + (9_000,), 5_500),
        ((4_000_000,) * 5, 3_600_000),
    ],
)
def test_automatic_lead(samples: tuple[int, ...], expected: int) -> None:
    assert auto_lead_ms(of(*samples), startup_timeout_ms=60_000) == expected


def test_percentiles_are_nearest_rank_over_the_latest_samples() -> None:
    startups = Startups()
    assert startups.percentile(95) is None
    for number in range(100):
        startups = startups.measured(Start(total_ms=number * 100))
    assert len(startups.samples_ms) == 32
    assert (startups.percentile(50), startups.percentile(95), startups.percentile(100)) == (
        8_300,
        9_800,
        9_900,
    )
    assert of(7).percentile(50) == 7
    assert startups.failed().failures == 1
    assert startups.failed().samples_ms == startups.samples_ms


def test_a_first_request_belongs_to_the_pod_that_had_it() -> None:
    startups = Startups(starts=(Start(total_ms=1, pod="a"), Start(total_ms=2, pod="b")))
    asked = startups.asked("b", after_ms=70)
    assert [start.first_request_ms for start in asked.starts] == [None, 70]


def test_a_lead_is_an_hour_at_most_also_before_anything_was_measured() -> None:
    assert auto_lead_ms(Startups(), startup_timeout_ms=10_000_000) == 3_600_000


def test_the_nearest_rank_of_many() -> None:
    assert nearest_rank(range(1000), 50) == 499
    assert nearest_rank(range(1000), 100) == 999
    assert Start(total_ms=1).ready_ms == 0
