"""Ticks on an absolute grid."""

import asyncio

import pytest

from warmpool_operator.runtime.ticker import Ticker


async def ticks(ticker, works):
    """Runs a loop body that takes the given seconds on each tick."""
    seen, works = [], iter(works)
    async for tick in ticker:
        seen.append(tick)
        work = next(works, None)
        if work is None:
            return seen
        await asyncio.sleep(work)
    return seen


def clocked(period, **more):
    return Ticker(period, clock=asyncio.get_running_loop().time, **more)


def test_work_does_not_shift_the_grid(in_fake_time):
    async def main():
        start = asyncio.get_running_loop().time()
        seen = await ticks(clocked(0.5), [0.1, 0.49, 0.3])
        assert [tick.due - start for tick in seen] == [0, 0.5, 1.0, 1.5]
        assert [tick.number for tick in seen] == [0, 1, 2, 3]
        assert all(tick.skipped == 0 and tick.lag == pytest.approx(0) for tick in seen)

    in_fake_time(main)


def test_missed_ticks_are_left_out_and_counted(in_fake_time):
    async def main():
        start = asyncio.get_running_loop().time()
        seen = await ticks(clocked(0.5), [1.7, 0.6])
        assert [tick.due - start for tick in seen] == [0, 2.0, 3.0]
        assert [tick.skipped for tick in seen] == [0, 3, 1]
        assert [tick.number for tick in seen] == [0, 1, 2]

    in_fake_time(main)


def test_a_tick_that_is_due_just_now_is_not_missed(in_fake_time):
    async def main():
        start = asyncio.get_running_loop().time()
        seen = await ticks(clocked(0.5), [0.5, 1.0])
        assert [tick.due - start for tick in seen] == [0, 0.5, 1.5]
        assert [tick.skipped for tick in seen] == [0, 0, 1]

    in_fake_time(main)


def test_lag_is_told(in_fake_time):
    async def main():
        told, loop = [], asyncio.get_running_loop()

        async def late(seconds):
            await asyncio.sleep(seconds + 0.2)

        ticker = clocked(0.5, sleep=late, on_tick=lambda *tick: told.append(tick))
        start = loop.time()
        seen = await ticks(ticker, [0.1, 0.1])
        assert [tick.lag for tick in seen] == [pytest.approx(0.2)] * 3
        assert told == [(pytest.approx(0.2), 0, 0.5)] * 3
        assert loop.time() - start == pytest.approx(1.2)

    in_fake_time(main)


def test_the_period_may_change(in_fake_time):
    async def main():
        start = asyncio.get_running_loop().time()
        ticker, dues = clocked(0.5), []
        async for tick in ticker:
            dues.append(tick.due - start)
            if tick.number == 1:
                ticker.period = 2.0
            if tick.number == 3:
                break
        assert dues == [0, 0.5, 2.5, 4.5]

    in_fake_time(main)


def test_a_ticker_that_is_late_lets_others_run(in_fake_time):
    async def main():
        loop, others = asyncio.get_running_loop(), []

        async def other(number):
            others.append(number)

        async for tick in clocked(0.5):
            assert len(others) == tick.number
            keep = asyncio.create_task(other(tick.number))
            loop.now += 0.5  # the body blocks the loop until the next tick is due
            if tick.number == 3:
                await keep
                break

    in_fake_time(main)


@pytest.mark.parametrize("period", [0, -1])
def test_a_period_must_be_positive(period):
    with pytest.raises(ValueError, match="above 0"):
        Ticker(period)
