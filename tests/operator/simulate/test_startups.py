"""Start-ups by who starts together: they are drawn from companies of about the same size."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

import pytest

from warmpool_operator.simulate.autoscalers.fixed import Fixed
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Measured, Setup, together

MEASURED = together([[1_000], [2_000, 2_100], [9_000] * 10])


@pytest.mark.parametrize(
    ("company", "values"), [(1, {1_000}), (2, {2_000, 2_100}), (7, {9_000}), (50, {9_000})]
)
def test_a_company_is_like_one_of_about_its_size(company: int, values: set[int]) -> None:
    chance = Random(1)
    drawn = MEASURED.among(company, chance)
    assert {drawn.draw(chance) for _ in range(50)} == values


def test_companies_of_one_size_are_each_drawn_as_a_whole() -> None:
    both = together([[1_000, 1_100], [5_000, 5_100]])
    seen = {both.among(2, Random(seed)).values_ms for seed in range(20)}
    assert seen == {(1_000, 1_100), (5_000, 5_100)}


def test_where_nobody_noted_who_began_together_all_are_alike() -> None:
    anything = Measured((1_000, 2_000))
    assert anything.among(7, Random(1)) is anything


@pytest.mark.parametrize(
    ("changes", "ready_s"),
    [
        # Ten at once; two, and eight a second later; two, and two ten seconds later.
        ([(10_000, 12)], [10 + 9]),
        ([(10_000, 4), (11_000, 12)], [10 + 9, 11 + 9]),
        ([(10_000, 4), (20_000, 6)], [10 + 5, 20 + 5]),
    ],
)
def test_pods_that_begin_within_four_seconds_are_company(
    make_setup: Callable[..., Setup], changes: Sequence[tuple[int, int]], ready_s: list[int]
) -> None:
    measured = together([[5_000] * 2, [9_000] * 10])
    setup = make_setup(seconds=60, startup=measured)
    moments = simulate(setup, Fixed(2, changes), seed=1).moments
    grown = [now.at_ms // 1000 for before, now in pairwise(moments) if now.ready > before.ready]
    assert grown == ready_s
