"""Up at once, down slowly: what is written, and how often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.admission.follow import MIN_INTERVAL_MS, Followed, follow
from warmpool_operator.admission.intent import Limit


def at(connections: int, *, ms: int = 0, rate: int | None = None) -> Followed:
    return Followed(limit=Limit(connections=connections, rate=rate), changed_ms=ms)


@pytest.mark.parametrize(
    ("before", "target", "now_ms", "after"),
    [
        pytest.param(48, 96, 1, 96, id="twice as much at once"),
        pytest.param(48, 72, 1, 72, id="half as much again at once"),
        pytest.param(96, 144, 1, 144, id="likewise later"),
        pytest.param(144, 192, 1, 144, id="a third more waits"),
        pytest.param(144, 192, MIN_INTERVAL_MS, 192, id="for its interval"),
        pytest.param(96, 48, MIN_INTERVAL_MS - 1, 96, id="less waits"),
        pytest.param(96, 48, MIN_INTERVAL_MS, 48, id="likewise"),
        pytest.param(100, 119, 10**9, 100, id="less than a fifth more is no reload"),
        pytest.param(100, 81, 10**9, 100, id="nor less than a fifth less"),
        pytest.param(100, 80, 10**9, 80, id="a fifth is"),
        pytest.param(1, 2, 1, 2, id="small numbers"),
    ],
)
def test_one_look(before: int, target: int, now_ms: int, after: int) -> None:
    assert follow(at(before), Limit(connections=target), now_ms=now_ms).limit.connections == after


def test_the_first_limit_is_the_target() -> None:
    assert follow(None, Limit(connections=7), now_ms=5) == at(7, ms=5)


def test_a_lower_limit_that_waits_is_told() -> None:
    assert follow(at(96), Limit(connections=48), now_ms=1).lowering
    assert not follow(at(96), Limit(connections=90), now_ms=1).lowering, (
        "not worth a reload, so nothing waits"
    )
    assert not follow(at(96), Limit(connections=48), now_ms=MIN_INTERVAL_MS).lowering


def test_a_rate_that_nothing_is_measured_for_any_more_stays() -> None:
    after = follow(at(48, rate=40), Limit(connections=96), now_ms=1)
    assert after.limit == Limit(connections=96, rate=40)


def test_a_rate_alone_waits_for_the_interval() -> None:
    assert follow(at(48, rate=40), Limit(connections=48, rate=80), now_ms=1).limit.rate == 40
    after = follow(at(48, rate=40), Limit(connections=48, rate=80), now_ms=MIN_INTERVAL_MS)
    assert after.limit.rate == 80


@given(
    targets=st.lists(st.tuples(st.integers(1, 500), st.integers(1, 20_000)), min_size=1, max_size=60),
)
def test_the_limit_ends_near_its_target_and_never_lowers_twice_within_the_interval(
    targets: list[tuple[int, int]],
) -> None:
    now_ms, followed = 0, None
    lowered_ms = None
    for connections, pause_ms in targets:
        now_ms += pause_ms
        before, followed = followed, follow(followed, Limit(connections=connections), now_ms=now_ms)
        if before is not None and followed.limit.connections < before.limit.connections:
            assert lowered_ms is None or now_ms - lowered_ms >= MIN_INTERVAL_MS
            lowered_ms = now_ms
        if before is not None and connections >= 1.5 * before.limit.connections:
            assert followed.limit.connections == connections
    assert followed is not None
    last = targets[-1][0]
    settled = follow(followed, Limit(connections=last), now_ms=now_ms + MIN_INTERVAL_MS)
    assert abs(settled.limit.connections - last) <= 0.2 * max(settled.limit.connections, last)
