"""What a run is judged by, from what its clients saw: the same for real and for simulated ones."""

from collections.abc import Sequence

from bench.burst.result import Answer, Kind, Result, per_second, tail, time_to_healthy
from bench.burst.scenarios import Scenario
from warmpool_operator.simulate.setup import Route


def judged(
    kind: Kind,
    scenario: Scenario,
    system: str,
    seed: int,
    *,
    route: Route,
    answers: Sequence[Answer],
    pod_seconds: float,
) -> Result:
    """Return the result of a run, without what only one kind of run knows."""
    offered = per_second((each.intended for each in answers), scenario.seconds)
    failed = per_second((each.intended for each in answers if each.latency is None), scenario.seconds)
    return Result(
        kind=kind,
        scenario=scenario.name,
        system=system,
        seed=seed,
        route=route.value,
        requests=len(answers),
        errors=sum(each.latency is None for each in answers),
        p99_s=tail(answers),
        steady_p99_s=tail(answers, before=scenario.change_at) if scenario.change_at else None,
        pod_seconds=pod_seconds,
        time_to_healthy_s=time_to_healthy(offered, failed, scenario.change_at),
        offered=offered,
        failed=failed,
    )
