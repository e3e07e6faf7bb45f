"""A ceiling that pools share: the sum stays below it, and nobody loses what he has."""

from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.capacity.budget import namespace_share


def test_a_pool_grows_by_what_the_others_leave() -> None:
    assert namespace_share(10, own=2, others=[3, 1]) == 6
    assert namespace_share(10, own=2, others=[]) == 10


def test_a_ceiling_below_what_runs_stops_growth_and_takes_nothing() -> None:
    assert namespace_share(4, own=3, others=[5]) == 3
    assert namespace_share(4, own=0, others=[5]) == 0


def test_nobody_grows_before_all_are_known() -> None:
    assert namespace_share(10, own=2, others=[1, None]) == 2


@given(st.integers(0, 30), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20)), max_size=40))
def test_the_sum_never_rises_above_the_ceiling(limit: int, wishes: list[tuple[int, int]]) -> None:
    pools = [0] * 6
    for pool, wish in wishes:
        others = [count for index, count in enumerate(pools) if index != pool]
        pools[pool] = min(wish, namespace_share(limit, own=pools[pool], others=others))
        assert sum(pools) <= limit
