"""The same scenarios and systems in the simulator, with start-ups that the real runs measured."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from bench.burst.clocks import ANY, PERIOD_MS, Clocks
from bench.burst.judging import judged
from bench.burst.manifests import pool
from bench.burst.result import Answer, Result, per_second
from bench.burst.scenarios import Scenario
from bench.burst.startups import Companies
from bench.burst.systems import (
    CEILING,
    CONCURRENCY,
    CPU_PERCENT,
    FLOOR,
    IN_FLIGHT_PERCENT,
    SERVICE_MS,
    SYSTEMS,
    System,
    told,
)
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.simulate.autoscalers.fixed import Fixed
from warmpool_operator.simulate.autoscalers.hpa import CpuMetric, Hpa, InFlightMetric
from warmpool_operator.simulate.autoscalers.warmpool import Warmpool
from warmpool_operator.simulate.outcome import Outcome
from warmpool_operator.simulate.rivals import Bounds, run_rival
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Client, Cpu, Measured, Route, Setup, fixed, together
from warmpool_operator.simulate.wiring import Pod, wired
from warmpool_operator.simulate.workload import Autoscaler

PHYSICS = "physics"
"""A system that knows the moment and the size of the change, and asks for the pods at once."""
MODELLED = ("knative",)
"""Systems that are in the simulator only."""
POD_CPU = Cpu(idle=4, computing=58, receiving=25)
"""By metrics-server, of 70m: 3m idle, 4.4m for each request a second that is computed; 85m to 88m where 29 to 33 a
second come, of which 13 are computed, and 101m to 107m where 45 do."""
POD_CPU_VARIES = 0.05
"""From one run to another, of the same traffic."""
ROUTING = Measured((200, 500, 800, 1100, 1500))
"""From ready to reachable: the test cluster's ingress-nginx looks at endpoints once in 1.1 s, each of its workers
once a second at what that found."""
SEED_STRIDE = 1000
"""Between the draws of one seed; the first draw has that seed, as what it is compared with."""
MIDNIGHT = datetime(1970, 1, 2, tzinfo=UTC)
"""When the load changes."""


def setup_of(scenario: Scenario, system: System, seed: int, *, startups_s: Companies, route: Route) -> Setup:
    """Return a scenario as the simulator takes it."""
    pod = Pod(
        concurrency=CONCURRENCY,
        service=fixed(SERVICE_MS),
        startup=together([round(1000 * each) for each in company] for company in startups_s),
        latency_target_ms=system.latency_target_ms,
        bounded=system.bounded,
        cpu=POD_CPU,
    )
    setup = wired(
        [round(send.at * 1000) for send in scenario.make(seed)],
        pod,
        end_ms=round(scenario.seconds * 1000),
        replicas=system.at_rest,
        client=Client(deadline_ms=round(scenario.deadline * 1000), max_attempts=scenario.max_attempts),
        route=route,
    )
    if route is not Route.INGRESS:
        return setup
    return replace(setup, cluster=replace(setup.cluster, routing=ROUTING))


def simulated(
    scenario: Scenario,
    system: System,
    seed: int,
    *,
    startups_s: Companies,
    route: Route,
    draw: int = 0,
    clocks: Clocks = ANY,
) -> Result:
    """Return what the simulator says of a run; each draw has the same traffic and another chance."""
    chance = Random(f"{seed}/{draw}")
    setup = setup_of(scenario, system, seed, startups_s=startups_s, route=route)
    autoscaler = _autoscaler(system, scenario, chance, clocks)
    setup = replace(setup, server=replace(setup.server, cpu=_cpu(chance)))
    outcome = simulate(setup, autoscaler, seed=seed + SEED_STRIDE * draw)
    return result_of(scenario, system.name, seed, outcome)


def modelled(scenario: Scenario, name: str, seed: int, *, startups_s: Companies, route: Route) -> Result:
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


def _cpu(chance: Random) -> Cpu:
    factor = chance.uniform(1 - POD_CPU_VARIES, 1 + POD_CPU_VARIES)
    return Cpu(
        idle=POD_CPU.idle,
        computing=round(factor * POD_CPU.computing),
        receiving=round(factor * POD_CPU.receiving),
    )


def _autoscaler(system: System, scenario: Scenario, chance: Random, clocks: Clocks) -> Autoscaler:
    phase_ms, metrics_ms = chance.randint(*clocks.sync_ms), chance.randint(*clocks.metrics_ms)
    if system.announced:
        system = told(system, MIDNIGHT)
    if system.scaling is not None:
        spec = PoolSpec.model_validate(pool(system)["spec"])
        epoch_ms = round(1000 * (MIDNIGHT.timestamp() - scenario.change_at))
        # Nobody waits for an HPA before a pool's run.
        return Warmpool(spec, epoch_ms=epoch_ms, phase_ms=chance.randrange(PERIOD_MS))
    if system.scaler is None:
        return Fixed(system.at_rest)
    per_pod = CONCURRENCY * IN_FLIGHT_PERCENT / 100
    cpu = CpuMetric(CPU_PERCENT, phase_ms=metrics_ms)
    metric = cpu if system.scaler == "hpa" else InFlightMetric(per_pod)
    return Hpa(metric, floor=FLOOR, ceiling=CEILING, phase_ms=phase_ms)
