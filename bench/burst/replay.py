"""The same scenarios and systems in the simulator, with start-ups that the real runs measured."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from bench.burst.judging import judged
from bench.burst.manifests import pool
from bench.burst.result import Answer, Result, per_second
from bench.burst.scenarios import Scenario
from bench.burst.systems import (
    CEILING,
    CONCURRENCY,
    CPU_PERCENT,
    FLOOR,
    IN_FLIGHT_PERCENT,
    SERVICE_MS,
    SYSTEMS,
    System,
)
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.simulate.autoscalers.fixed import Fixed
from warmpool_operator.simulate.autoscalers.hpa import CpuMetric, Hpa, InFlightMetric
from warmpool_operator.simulate.autoscalers.warmpool import Warmpool
from warmpool_operator.simulate.outcome import Outcome
from warmpool_operator.simulate.rivals import Bounds, run_rival
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Client, Cpu, Measured, Route, Setup, fixed
from warmpool_operator.simulate.wiring import Pod, wired
from warmpool_operator.simulate.workload import Autoscaler

PHYSICS = "physics"
"""A system that knows the moment and the size of the change, and asks for the pods at once."""
MODELLED = ("knative",)
"""Systems that are in the simulator only."""
ASSUMED_STARTUPS_S = (10.5, 11.0, 11.5, 12.0)
"""Where no run counts yet: 8 s of load, and what ten pods take on top when they start together."""
POD_CPU = Cpu(idle=4, computing=56, receiving=27)
"""By metrics-server, of 70m, in the trace: 3m idle, 4.4m for each request a second that is computed; 85m and 88m
where 29 and 33 a second come, of which 13 are computed."""
METRICS_MS = 15_000
FIRST_SYNC_MS = (10_000, 11_500)
"""When an HPA looks first: a real run begins some 4 s after its last look, for which `Bed.deployed` waits, and it
looks every 15 s. So they were seen to act 5 s to 6 s after the step in every run, sooner than an average one."""
SEED_STRIDE = 1000
"""Between the draws of one seed; the first draw has that seed, as what it is compared with."""
MIDNIGHT_MS = 86_400_000
"""Of the second day of the epoch: when the load changes."""


def setup_of(
    scenario: Scenario, system: System, seed: int, *, startups_s: Sequence[float], route: Route
) -> Setup:
    """Return a scenario as the simulator takes it."""
    pod = Pod(
        concurrency=CONCURRENCY,
        service=fixed(SERVICE_MS),
        startup=Measured(tuple(round(each * 1000) for each in startups_s)),
        latency_target_ms=system.latency_target_ms,
        bounded=system.bounded,
        cpu=POD_CPU,
    )
    return wired(
        [round(send.at * 1000) for send in scenario.make(seed)],
        pod,
        end_ms=round(scenario.seconds * 1000),
        replicas=system.at_rest,
        client=Client(deadline_ms=round(scenario.deadline * 1000), max_attempts=scenario.max_attempts),
        route=route,
    )


def simulated(
    scenario: Scenario,
    system: System,
    seed: int,
    *,
    startups_s: Sequence[float],
    route: Route,
    draw: int = 0,
    metrics_phase_ms: int | None = None,
) -> Result:
    """Return what the simulator says of a run; each draw has the same traffic and another chance.

    Where `metrics_phase_ms` is known, metrics-server reads first at that time in all draws.
    """
    setup = setup_of(scenario, system, seed, startups_s=startups_s, route=route)
    autoscaler = _autoscaler(system, scenario, Random(f"{seed}/{draw}"), metrics_phase_ms)
    outcome = simulate(setup, autoscaler, seed=seed + SEED_STRIDE * draw)
    return result_of(scenario, system.name, seed, outcome)


def modelled(
    scenario: Scenario, name: str, seed: int, *, startups_s: Sequence[float], route: Route
) -> Result:
    """Return what the simulator says of a system that is in no real run: one of `MODELLED`, or `PHYSICS`."""
    setup = setup_of(scenario, SYSTEMS["ours_b0"], seed, startups_s=startups_s, route=route)
    if name != PHYSICS:
        bounds = Bounds(floor=FLOOR, ceiling=CEILING)
        return result_of(scenario, name, seed, run_rival(name, setup, bounds, seed=seed))
    outcome = simulate(setup, Fixed(FLOOR, foreknown(setup)), seed=seed)
    return result_of(scenario, PHYSICS, seed, outcome)


def foreknown(setup: Setup) -> list[tuple[int, int]]:
    """Return (at_ms, pods) of an autoscaler that sees the next second's arrivals and never shrinks.

    It asks for what the offered load keeps busy at 70 %, from the second in which that load begins.
    """
    changes, most = [], FLOOR
    for second, count in enumerate(per_second((at / 1000 for at in setup.arrivals_ms), setup.end_ms / 1000)):
        pods = min(CEILING, ceil_div(count * SERVICE_MS, 700 * CONCURRENCY))
        if pods > most:
            changes.append((second * 1000, pods))
            most = pods
    return changes


def result_of(scenario: Scenario, system: str, seed: int, outcome: Outcome) -> Result:
    """Return a simulated run in the shape of a real one."""
    answers = [
        Answer(
            intended=each.intended_ms / 1000,
            latency=(each.finished_ms - each.intended_ms) / 1000 if each.status == 200 else None,
        )
        for each in outcome.requests
    ]
    route, moments = outcome.setup.cluster.route, outcome.moments[: int(scenario.seconds)]
    seen = judged(
        "simulated", scenario, system, seed, route=route, answers=answers, pod_seconds=outcome.pod_seconds
    )
    return replace(seen, ready=[moment.ready for moment in moments], pods=[moment.pods for moment in moments])


def metrics_phase_ms(run: Result) -> int | None:
    """Return when metrics-server read first in a real run, None of a run in which nobody looked."""
    return round(1000 * run.usage[0][0]) % METRICS_MS if run.usage else None


def pooled_startups(runs: Iterable[Result]) -> list[float]:
    """Return the start-ups that real runs measured."""
    return [each for run in runs for each in run.startups_s]


def _autoscaler(
    system: System, scenario: Scenario, chance: Random, metrics_phase_ms: int | None
) -> Autoscaler:
    phase_ms, any_phase_ms = chance.randint(*FIRST_SYNC_MS), chance.randrange(METRICS_MS)
    if system.scaling is not None:
        spec = PoolSpec.model_validate(pool(system)["spec"])
        return Warmpool(spec, epoch_ms=MIDNIGHT_MS - round(scenario.change_at * 1000), phase_ms=phase_ms)
    if system.scaler is None:
        return Fixed(system.at_rest)
    per_pod = CONCURRENCY * IN_FLIGHT_PERCENT / 100
    cpu = CpuMetric(CPU_PERCENT, phase_ms=any_phase_ms if metrics_phase_ms is None else metrics_phase_ms)
    metric = cpu if system.scaler == "hpa" else InFlightMetric(per_pod)
    return Hpa(metric, floor=FLOOR, ceiling=CEILING, phase_ms=phase_ms)
