import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_serving.admission import (
    Backlog,
    Limits,
    Means,
    Slip,
    Speed,
    admits,
    forecast,
    retry_after,
    room,
    slots,
)

# 2 workers of 2850 tokens/s, 0.18 s per full batch: measured for MiniLM in fp32 on two cores.
SPEED = Speed().after(513, 0.18)
LIMITS = Limits(concurrency=8, target=1.0, workers=2)

limits_ = st.builds(
    Limits,
    concurrency=st.integers(1, 64),
    target=st.floats(0.01, 60),
    workers=st.integers(1, 64),
    max_queue=st.none() | st.integers(0, 1000),
)
speeds = st.builds(
    lambda tokens, seconds: Speed().after(tokens, seconds), st.integers(1, 20_000), st.floats(1e-4, 30)
)
backlogs = st.builds(
    Backlog, running=st.integers(0, 64), queued=st.integers(0, 2000), tokens=st.integers(0, 10**7)
)


def test_the_worked_example() -> None:
    assert room(SPEED, LIMITS) == pytest.approx(2 * 2850 * 0.82)
    assert slots(SPEED, Means(tokens=17), LIMITS) == 274
    assert slots(SPEED, Means(tokens=228), LIMITS) == 20


@given(st.integers(1, 10**6), speeds, limits_)
def test_an_idle_process_takes_anything(tokens: int, speed: Speed, limits: Limits) -> None:
    assert admits(tokens, Backlog(), speed, limits)


@given(st.integers(1, 10**6), backlogs, speeds, limits_)
def test_promised_concurrency_is_given(tokens: int, backlog: Backlog, speed: Speed, limits: Limits) -> None:
    if backlog.running + backlog.queued < limits.concurrency:
        assert admits(tokens, backlog, speed, limits)


@given(st.integers(1, 10**6), backlogs, speeds, limits_)
def test_beyond_it_both_bounds_hold(tokens: int, backlog: Backlog, speed: Speed, limits: Limits) -> None:
    if backlog.running + backlog.queued >= limits.concurrency and admits(tokens, backlog, speed, limits):
        assert backlog.tokens + tokens <= room(speed, limits)
        assert limits.max_queue is None or backlog.queued < limits.max_queue


@given(st.integers(1, 10**5), st.integers(1, 10**5), backlogs, speeds, limits_)
def test_a_larger_request_is_never_easier(
    small: int, more: int, backlog: Backlog, speed: Speed, limits: Limits
) -> None:
    assert admits(small, backlog, speed, limits) or not admits(small + more, backlog, speed, limits)


@given(backlogs, speeds, limits_, st.floats(-0.2, 0.2))
def test_retry_after_is_a_sane_time(backlog: Backlog, speed: Speed, limits: Limits, jitter: float) -> None:
    assert 0.08 <= retry_after(backlog, speed, limits, jitter=jitter) <= 144


def test_retry_after_grows_with_the_backlog() -> None:
    waits = [retry_after(Backlog(8, 50, tokens), SPEED, LIMITS) for tokens in (4_000, 8_000, 16_000)]
    assert waits == sorted(waits)
    # 16 000 tokens at 5 700 tokens/s are 2.8 s of work, of which 0.5 s may stay.
    assert waits[-1] == pytest.approx(16_000 / 5_700 - 0.5)


@given(speeds, limits_, st.floats(1, 10_000))
def test_slots_are_at_least_the_concurrency_and_at_most_the_cap(
    speed: Speed, limits: Limits, mean: float
) -> None:
    count = slots(speed, Means(tokens=mean), limits)
    assert count >= limits.concurrency
    if limits.max_queue is not None:
        assert count <= limits.concurrency + limits.max_queue


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(1e-3, 5)), min_size=1))
def test_speed_lies_between_the_slowest_and_the_fastest_batch(batches: list[tuple[int, float]]) -> None:
    speed = Speed()
    for tokens, seconds in batches:
        speed = speed.after(tokens, seconds)
    rates = [tokens / seconds for tokens, seconds in batches]
    assert min(rates) * 0.999 <= speed.tokens_per_second <= max(rates) * 1.001
    assert min(s for _, s in batches) * 0.999 <= speed.batch_seconds <= max(s for _, s in batches) * 1.001


def test_speed_follows_a_machine_that_slows_down() -> None:
    speed = Speed()
    for _ in range(100):
        speed = speed.after(500, 0.1)
    for _ in range(100):
        speed = speed.after(500, 0.5)
    assert speed.tokens_per_second == pytest.approx(1000, rel=0.01)


def test_nothing_measured_yet_means_no_room_beyond_concurrency() -> None:
    assert room(Speed(), LIMITS) == 0.0
    assert slots(Speed(), Means(tokens=0), LIMITS) == LIMITS.concurrency
    assert not admits(1, Backlog(running=8, tokens=100), Speed(), LIMITS)


def test_what_takes_longer_than_forecast_makes_room_smaller() -> None:
    slip = Slip()
    for _ in range(200):
        slip = slip.after(0.8, 1.6, LIMITS.target)
    assert slip.ratio == pytest.approx(2.0, rel=0.01)
    assert slip.tighten(LIMITS).target == pytest.approx(0.5, rel=0.01)
    for _ in range(200):
        slip = slip.after(0.5, 0.3, LIMITS.target)
    assert slip.ratio == 1.0


def test_an_idle_process_says_nothing_of_its_forecasts() -> None:
    assert Slip().after(0.01, 5.0, LIMITS.target) == Slip()


@given(st.integers(1, 10**5), backlogs, speeds, limits_)
def test_what_is_admitted_beyond_the_concurrency_is_forecast_in_time(
    tokens: int, backlog: Backlog, speed: Speed, limits: Limits
) -> None:
    if backlog.running + backlog.queued >= limits.concurrency and admits(tokens, backlog, speed, limits):
        assert forecast(tokens, backlog, speed, limits) <= limits.target * 1.001
