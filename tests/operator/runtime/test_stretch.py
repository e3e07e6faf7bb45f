"""The period of ticks that cost too much."""

from warmpool_operator.runtime.stretch import LONGEST_SECONDS, TICKS, Stretch


def after(cost: float, ticks: int = TICKS + 1) -> float:
    stretch, period = Stretch(0.5), 0.0
    for number in range(ticks):
        period = stretch.period(100 + cost * number)
    return period


def test_ticks_that_cost_little_come_as_often_as_was_asked() -> None:
    assert after(0.0) == 0.5
    assert after(0.25) == 0.5


def test_ticks_that_cost_more_than_half_a_core_come_less_often() -> None:
    assert round(after(0.6), 6) == 1.2
    assert after(60.0) == LONGEST_SECONDS


def test_the_first_ticks_prove_nothing() -> None:
    assert after(5.0, ticks=TICKS) == 0.5


def test_it_comes_back() -> None:
    stretch = Stretch(0.5)
    spent, periods = 0.0, []
    for number in range(3 * TICKS):
        spent += 1.0 if number < TICKS + 1 else 0.01
        periods.append(stretch.period(spent))
    assert max(periods) == 2.0
    assert periods[-1] == 0.5
