"""Schedules: as many requests as the rates say, in order, and the same for the same seed."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load.schedule import Send, constant, ramp, rates, step, trace
from bench.load.tracefile import CONVERSATIONS, TraceError, read_trace

rate = st.floats(0, 200)
seconds = st.floats(0.01, 20)


def test_constant_is_even_and_centred() -> None:
    assert constant(2, 2) == (Send(0.25), Send(0.75), Send(1.25), Send(1.75))


@pytest.mark.parametrize(
    "bad", [(-1, 1, 1), (1, -1, 1), (1, 1, -1), (1, 1, float("inf")), (float("nan"), 1, 1)]
)
def test_nonsense_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        ramp(*bad)


@given(rate, rate, seconds)
def test_ramp_sends_the_area_under_its_line_in_order_and_in_time(
    first: float, last: float, length: float
) -> None:
    sends = ramp(first, last, length)
    assert abs(len(sends) - (first + last) / 2 * length) <= 0.5 + 1e-6
    assert all(a.at <= b.at for a, b in itertools.pairwise(sends))
    assert all(0 <= send.at <= length * (1 + 1e-9) for send in sends)


def test_a_rising_ramp_has_most_of_its_requests_late() -> None:
    sends = ramp(0, 100, 10)
    assert sum(send.at < 5 for send in sends) == 125
    assert sum(send.at >= 5 for send in sends) == 375


def test_poisson_arrivals_have_the_rate_and_are_repeatable() -> None:
    sends = constant(100, 100, seed=1)
    assert len(sends) == pytest.approx(10_000, rel=0.05)
    assert sends == constant(100, 100, seed=1)
    assert sends != constant(100, 100, seed=2)
    gaps = [b.at - a.at for a, b in itertools.pairwise(sends)]
    assert sum(gap > 0.01 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.03)


def test_steps_follow_one_another() -> None:
    assert rates(step([(2, 2), (5, 1), (0, 1), (1, 1)])) == [2, 2, 5, 0, 1]


ROWS = tuple(Send(float(second), second * 10) for second in range(100))


def test_a_trace_cut_is_moved_compressed_and_its_texts_shortened() -> None:
    cut = trace(ROWS, begin=10, seconds=4, compression=2, max_tokens=115)
    assert cut == (Send(0, 100), Send(0.5, 110), Send(1.0, 115), Send(1.5, 115))


def test_thinning_keeps_its_share_and_is_repeatable() -> None:
    rows = tuple(Send(float(number), 1) for number in range(10_000))
    thin = trace(rows, keep=0.3, seed=7)
    assert len(thin) == pytest.approx(3000, rel=0.05)
    assert thin == trace(rows, keep=0.3, seed=7)
    assert thin != trace(rows, keep=0.3, seed=8)


@pytest.mark.parametrize("factors", [{"compression": 0}, {"keep": 0}, {"keep": 1.5}])
def test_factors_out_of_range_are_refused(factors: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        trace(ROWS, **factors)


def test_the_trace_in_the_repository_is_what_its_page_says() -> None:
    rows = read_trace()
    assert rows[0].at >= 0
    assert 1790 < rows[-1].at < 1800
    per_minute = rates(rows, width=60)
    assert max(per_minute) > 1.5 * per_minute[0]
    assert max(per_minute) > 1.3 * per_minute[-1]
    assert CONVERSATIONS.stat().st_size <= 200_000
    assert "CC-BY 4.0" in CONVERSATIONS.with_name("README.md").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("arrived_at\n1\n", "line 2: needs the numbers"),
        ("arrived_at,num_prefill_tokens\n1,2\nx,2\n", "line 3: needs the numbers"),
        ("arrived_at,num_prefill_tokens\n2,1\n1,1\n", "line 3: 1.0 s comes after 2.0 s"),
    ],
)
def test_a_broken_trace_names_the_line(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(content)
    with pytest.raises(TraceError, match=message):
        read_trace(file)
