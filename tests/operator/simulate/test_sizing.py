"""Sizing: what is tried, what is efficient, what is recommended."""

from collections.abc import Callable

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.simulate.setup import Route, Setup
from warmpool_operator.simulate.sizing import (
    Option,
    Sized,
    efficient,
    options,
    peak_pods,
    recommended,
    run_option,
    sized,
)

MakeSetup = Callable[..., Setup]
MakeSpec = Callable[..., PoolSpec]


def made(errors: float, cost: float, *, buffer: int = 0) -> Sized:
    option = Option(floor=1, buffer=buffer, keep_alive_seconds=60)
    return Sized(option=option, error_percent=errors, p99_s=0.3, pod_seconds=cost)


def test_peak_is_what_the_busiest_ten_seconds_need(make_setup: MakeSetup, step: list[int]) -> None:
    assert peak_pods(make_setup(step)) == 7  # 90 a second, 300 ms, 4 slots: 6.75
    assert peak_pods(make_setup()) == 1


def test_options_hold_the_own_one_and_stay_below_the_ceiling(
    make_setup: MakeSetup, make_spec: MakeSpec, step: list[int]
) -> None:
    found = options(make_spec(concurrencyBuffer=4, keepAliveSeconds=77), make_setup(step))
    assert Option(floor=2, buffer=4, keep_alive_seconds=77) in found
    assert max(each.buffer for each in found) < 12
    assert {each.floor for each in found} == {2, 7, 10}
    assert len(found) == len(set(found))


def test_efficient_ones_are_beaten_by_none() -> None:
    front = efficient([made(5, 100), made(1, 200), made(1, 250), made(0, 300), made(6, 90), made(7, 95)])
    assert [(each.error_percent, each.pod_seconds) for each in front] == [
        (6, 90),
        (5, 100),
        (1, 200),
        (0, 300),
    ]


def test_of_equals_one_is_kept() -> None:
    front = efficient([made(0, 10, buffer=1), made(0, 10, buffer=2)])
    assert [each.option.buffer for each in front] == [1]


def test_the_cheapest_that_is_good_enough_is_recommended() -> None:
    every = [made(5, 100), made(0.1, 200), made(0, 300)]
    best = recommended(every, error_percent=0.1)
    assert best is not None
    assert best.pod_seconds == 200
    assert recommended(every[:1], error_percent=0.1) is None


def test_a_larger_buffer_costs_more_and_fails_less(
    make_setup: MakeSetup, make_spec: MakeSpec, step: list[int]
) -> None:
    setup, spec = make_setup(step, route=Route.INGRESS), make_spec()
    small, large = (
        sized(option, [run_option(spec, setup, option, seed=seed) for seed in (1, 2)])
        for option in (
            Option(floor=2, buffer=0, keep_alive_seconds=60),
            Option(floor=2, buffer=6, keep_alive_seconds=60),
        )
    )
    assert small.error_percent > 5 > large.error_percent
    assert small.pod_seconds < large.pod_seconds
