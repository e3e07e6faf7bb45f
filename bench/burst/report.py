"""From runs to figures: means over seeds, the check of the simulator, tables and pictures."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.burst.pictures import draw_pareto, draw_step
from bench.burst.replay import MODELLED, PHYSICS, modelled, pooled_startups, simulated
from bench.burst.result import Result, read_all
from bench.burst.scenarios import SCENARIOS
from bench.burst.systems import SYSTEMS
from bench.results_file import write_results
from warmpool_operator.simulate.setup import Route

SEEDS = (1, 2, 3)
SIMULATED = ("step", "step_retry", "ramp", "spikes", "diurnal", "trace")
"""Scenarios that every system runs in the simulator, whether there are real runs of it or not."""
LONG = ("static", "ours_b0", "ours", "ours_sched")
"""Systems whose cost is compared over ten calm minutes on both sides of the step."""
Key = tuple[str, str]
Runs = Mapping[Key, Sequence[Result]]


def report() -> Iterator[str]:
    """Write `burst.json` and the pictures; give the tables as Markdown."""
    all_runs = read_all()
    route = all_runs[-1].route if all_runs else Route.SERVICE.value
    every = [run for run in all_runs if not run.void and run.route == route]
    real, replayed, others = grouped(every), grouped(replays(every)), grouped(elsewhere(every))
    figures = {
        **figures_of(real),
        **{f"sim_{name}": value for name, value in figures_of(others).items()},
        **checks(real, replayed),
        **physics(others),
    }
    repeats = min((len(runs) for runs in real.values()), default=0)
    path = write_results("burst", figures, repeats=repeats)
    draw_step(real)
    draw_pareto(others, real)
    yield f"{path}: {len(every)} runs through the {route} count, {len(all_runs) - len(every)} do not"
    yield table("Measured", real)
    yield check_table(real, replayed)
    yield table("Simulated", others)


def grouped(runs: Iterable[Result]) -> dict[Key, list[Result]]:
    """Return the runs by scenario and system, in the order of the systems."""
    found: dict[Key, list[Result]] = {}
    for run in runs:
        found.setdefault((run.scenario, run.system), []).append(run)
    order = [*SYSTEMS, *MODELLED, PHYSICS]
    return dict(sorted(found.items(), key=lambda each: (each[0][0], order.index(each[0][1]))))


def replays(runs: Sequence[Result]) -> list[Result]:
    """Return each real run as the simulator has it, with the start-ups that other runs of its kind measured."""
    made = []
    for run in runs:
        alike = [each for each in runs if _loads_alike(each, run)]
        startups = pooled_startups(alike, without=run) or list(run.startups_s) or pooled_startups(runs)
        scenario, system = SCENARIOS[run.scenario], SYSTEMS[run.system]
        made.append(simulated(scenario, system, run.seed, startups_s=startups, route=Route(run.route)))
    return made


def elsewhere(runs: Sequence[Result]) -> list[Result]:
    """Return every system in every scenario, simulated."""
    startups = pooled_startups(run for run in runs if run.system != "ours_b0_load4")
    common: dict[str, Any] = {
        "startups_s": startups,
        "route": Route(runs[0].route) if runs else Route.SERVICE,
    }
    made = []
    for scenario in (SCENARIOS[name] for name in SIMULATED):
        for seed in SEEDS:
            made += [simulated(scenario, system, seed, **common) for system in SYSTEMS.values()]
            made += [modelled(scenario, name, seed, **common) for name in (*MODELLED, PHYSICS)]
    long = SCENARIOS["step_long"]
    made += [simulated(long, SYSTEMS[name], seed, **common) for name in LONG for seed in SEEDS]
    return made


def figures_of(runs: Runs) -> dict[str, float]:
    """Return the means over seeds, named as `results/burst.json` has them."""
    figures: dict[str, float] = {}
    for (scenario, system), each in runs.items():
        name = f"{scenario}_{system}"
        figures[f"error_percent_{name}"] = _mean(run.error_percent for run in each)
        figures[f"p99_s_{name}"] = _mean(run.p99_s for run in each if run.p99_s is not None)
        figures[f"pod_seconds_{name}"] = _mean(run.pod_seconds for run in each)
        figures[f"time_to_healthy_s_{name}"] = _mean(run.time_to_healthy_s for run in each)
        ratios = [run.p99_s / run.steady_p99_s for run in each if run.p99_s and run.steady_p99_s]
        if ratios:
            figures[f"p99_over_steady_{name}"] = _mean(ratios)
    return figures


def checks(real: Runs, replayed: Runs) -> dict[str, float]:
    """Return how far the simulator is from the real runs at most, over systems."""
    pairs = [(real[key], replayed[key]) for key in real]
    return {
        "sim_pod_seconds_diff_percent": max((abs(_cost_off(*pair)) for pair in pairs), default=0.0),
        "sim_error_points": max((abs(_errors_off(*pair)) for pair in pairs), default=0.0),
    }


def physics(others: Runs) -> dict[str, float]:
    """Return the errors that no reaction can avoid, per scenario."""
    return {
        f"error_percent_{scenario}_{PHYSICS}": _mean(run.error_percent for run in runs)
        for (scenario, system), runs in others.items()
        if system == PHYSICS
    }


def table(title: str, runs: Runs) -> str:
    """Return the runs as a Markdown table."""
    lines = [
        f"{title}:",
        "",
        "| scenario | system | errors % | p99 s | p99 / steady | pod-seconds | healthy after s | runs |",
        "| --- | --- | --: | --: | --: | --: | --: | --: |",
    ]
    figures = figures_of(runs)
    for (scenario, system), each in runs.items():
        name = f"{scenario}_{system}"
        ratio = figures.get(f"p99_over_steady_{name}")
        lines.append(
            f"| {scenario} | {system} | {figures[f'error_percent_{name}']:.2f} | {figures[f'p99_s_{name}']:.2f}"
            f" | {'-' if ratio is None else f'{ratio:.1f}'} | {figures[f'pod_seconds_{name}']:.0f}"
            f" | {figures[f'time_to_healthy_s_{name}']:.0f} | {len(each)} |"
        )
    return "\n".join([*lines, ""])


def check_table(real: Runs, replayed: Runs) -> str:
    """Return simulator against reality as a Markdown table."""
    lines = [
        "| scenario | system | errors %: real | simulated | points | pod-seconds: real | simulated | % |",
        "| --- | --- | --: | --: | --: | --: | --: | --: |",
    ]
    for key, runs in real.items():
        others = replayed[key]
        lines.append(
            f"| {key[0]} | {key[1]} | {_mean(run.error_percent for run in runs):.2f}"
            f" | {_mean(run.error_percent for run in others):.2f} | {_errors_off(runs, others):+.2f}"
            f" | {_mean(run.pod_seconds for run in runs):.0f} | {_mean(run.pod_seconds for run in others):.0f}"
            f" | {_cost_off(runs, others):+.1f} |"
        )
    return "\n".join([*lines, ""])


def _loads_alike(run: Result, other: Result) -> bool:
    return SYSTEMS[run.system].load_seconds == SYSTEMS[other.system].load_seconds


def _errors_off(real: Sequence[Result], replayed: Sequence[Result]) -> float:
    return _mean(run.error_percent for run in replayed) - _mean(run.error_percent for run in real)


def _cost_off(real: Sequence[Result], replayed: Sequence[Result]) -> float:
    measured = _mean(run.pod_seconds for run in real)
    return 100 * (_mean(run.pod_seconds for run in replayed) - measured) / measured


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return statistics.mean(found) if found else 0.0
