from dataclasses import dataclass, field

import pytest

from warmpool_serving.drain import NOTICE_SECONDS, DrainClock, DrainTimes, drain, still_to_wait


@dataclass
class Scene:
    """A server on a clock of its own: requests end at given seconds, late ones arrive while it listens."""

    ends: list[float]
    hurry_at: float = float("inf")
    now: float = 0.0
    steps: list[tuple[str, float]] = field(default_factory=list)

    def unready(self) -> None:
        self.steps.append(("unready", self.now))

    async def close_listener(self) -> None:
        self.steps.append(("closed", self.now))

    def in_flight(self) -> int:
        return sum(end > self.now for end in self.ends)

    def give_up(self) -> int:
        left = self.in_flight()
        self.steps.append(("gave up", self.now))
        self.ends = []
        return left

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.001)

    @property
    def clock(self) -> DrainClock:
        return DrainClock(now=lambda: self.now, sleep=self.sleep, hurry=lambda: self.now >= self.hurry_at)


async def test_the_order_of_an_ordinary_drain() -> None:
    scene = Scene(ends=[0.2, 5.4, 7.0])
    outcome = await drain(scene, DrainTimes(propagation=5, timeout=20), scene.clock)
    assert [name for name, _ in scene.steps] == ["unready", "closed"]
    assert scene.steps[0][1] == 0.0
    assert scene.steps[1][1] == pytest.approx(5.0, abs=0.06)
    assert outcome.seconds == pytest.approx(8.0, abs=0.2)
    assert outcome.abandoned == 0


async def test_what_does_not_end_is_given_up_at_the_timeout() -> None:
    scene = Scene(ends=[3.0, 1000.0, 1000.0])
    outcome = await drain(scene, DrainTimes(propagation=5, timeout=10), scene.clock)
    assert [name for name, _ in scene.steps] == ["unready", "closed", "gave up"]
    assert scene.steps[-1][1] == pytest.approx(15.0, abs=0.1)
    assert outcome.abandoned == 2
    assert outcome.seconds <= 5 + 10 + 1 + 0.2


async def test_an_idle_server_without_propagation_ends_at_once() -> None:
    scene = Scene(ends=[])
    outcome = await drain(scene, DrainTimes(propagation=0, timeout=20), scene.clock)
    assert outcome.seconds == 0.0


async def test_a_second_signal_skips_every_wait() -> None:
    scene = Scene(ends=[1000.0], hurry_at=2.0)
    outcome = await drain(scene, DrainTimes(propagation=5, timeout=20), scene.clock)
    assert outcome.seconds == pytest.approx(2.0, abs=0.1)
    assert outcome.abandoned == 1


@pytest.mark.parametrize(
    ("retired_for", "left"),
    [(0.0, 5.0), (NOTICE_SECONDS, 5.0), (NOTICE_SECONDS + 2, 3.0), (NOTICE_SECONDS + 60, 0.0)],
)
def test_time_spent_retired_counts_once_others_know(retired_for: float, left: float) -> None:
    assert still_to_wait(5.0, retired_for) == left
