"""What the clients do: seeded schedules around the capacity of one pod.

That is 13 requests a second where pods pretend: four at once, 300 ms each. Rates are such that two cores carry
pods, cluster and client.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.load.schedule import Schedule, Send, ramp, rates, step, trace
from bench.load.tracefile import read_trace

CALM_RATE, PEAK_RATE = 9.0, 90.0
CALM_SECONDS = 20.0
TOKENS = 16
MODEL_CALM_RATE, MODEL_PEAK_RATE, MODEL_TOKENS = 6.0, 60.0, 16
"""Where a real model computes, on a tenth of a core for each pod: 12.6 such texts a second, measured."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One kind of traffic.

    Attributes:
        name: as figures call it.
        make: from a seed to what is sent.
        seconds: length of a run.
        change_at: when the load first leaves its calm; what was before is the steady state.
        deadline: seconds that a client waits, its retries included.
        max_attempts: 1 never retries.
    """

    name: str
    make: Callable[[int], Schedule]
    seconds: float
    change_at: float = CALM_SECONDS
    deadline: float = 2.0
    max_attempts: int = 1


def step_of_ten(seed: int, *, calm: float = CALM_SECONDS, high: float = 70.0, after: float = 0.0) -> Schedule:
    """Calm, then ten times the load at once, then calm again."""
    parts = [(CALM_RATE, calm), (PEAK_RATE, high)] + ([(CALM_RATE, after)] if after else [])
    return step(parts, tokens=TOKENS, seed=seed)


def _ramp(seed: int) -> Schedule:
    calm = step([(CALM_RATE, CALM_SECONDS)], tokens=TOKENS, seed=seed)
    rise = _shifted(ramp(CALM_RATE, PEAK_RATE, 60, tokens=TOKENS, seed=seed + 1), CALM_SECONDS)
    high = _shifted(step([(PEAK_RATE, 20)], tokens=TOKENS, seed=seed + 2), CALM_SECONDS + 60)
    return (*calm, *rise, *high)


def _spikes(seed: int) -> Schedule:
    """Three spikes of ten seconds, 50 s apart, each of another height."""
    parts: list[tuple[float, float]] = [(CALM_RATE, CALM_SECONDS)]
    for height in (50, 90, 70):
        parts += [(height, 10), (CALM_RATE, 40)]
    return step(parts, tokens=TOKENS, seed=seed)


def _diurnal(seed: int) -> Schedule:
    """A day in six minutes: night, a morning that rises within 15 s, a day, an evening, night."""
    night, day = (CALM_RATE, 90.0), (60.0, 150.0)
    sends = list(step([night], tokens=TOKENS, seed=seed))
    sends += _shifted(ramp(CALM_RATE, 60, 15, tokens=TOKENS, seed=seed + 1), 90)
    sends += _shifted(step([day], tokens=TOKENS, seed=seed + 2), 105)
    sends += _shifted(ramp(60, CALM_RATE, 15, tokens=TOKENS, seed=seed + 3), 255)
    sends += _shifted(step([night], tokens=TOKENS, seed=seed + 4), 270)
    return tuple(sends)


def _model_step(seed: int) -> Schedule:
    parts = [(MODEL_CALM_RATE, CALM_SECONDS), (MODEL_PEAK_RATE, 70.0)]
    return step(parts, tokens=MODEL_TOKENS, seed=seed)


def _trace(seed: int) -> Schedule:
    """150 s of the trace at ten times its speed: 25 minutes of it, a minute later with each seed, of five."""
    begin = 60.0 * (seed % 5)
    cut = trace(read_trace(), begin=begin, seconds=1500, compression=10, max_tokens=TOKENS, seed=seed)
    return tuple(Send(send.at, TOKENS) for send in cut)


def _shifted(schedule: Schedule, seconds: float) -> Schedule:
    return tuple(Send(send.at + seconds, send.tokens) for send in schedule)


SCENARIOS: Mapping[str, Scenario] = {
    each.name: each
    for each in (
        Scenario(name="step", make=step_of_ten, seconds=90),
        Scenario(name="step_retry", make=step_of_ten, seconds=90, deadline=10, max_attempts=100),
        Scenario(name="ramp", make=_ramp, seconds=100),
        Scenario(name="spikes", make=_spikes, seconds=170),
        Scenario(name="diurnal", make=_diurnal, seconds=360, change_at=90),
        Scenario(name="trace", make=_trace, seconds=150, change_at=0),
        Scenario(name="step_model", make=_model_step, seconds=90),
        Scenario(
            name="step_long",
            make=lambda seed: step_of_ten(seed, calm=600, high=70, after=600),
            seconds=1270,
            change_at=600,
        ),
    )
}
"""`step_long` is the whole scenario, ten calm minutes on both sides of the step."""


def peak_rate(schedule: Schedule, *, width: float = 10.0) -> float:
    """Return the requests per second of the busiest interval of `width` seconds."""
    return max(rates(schedule, width=width), default=0.0)
