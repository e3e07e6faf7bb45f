"""From runs to figures: means over seeds, the check of the simulator, tables and pictures."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.burst.clocks import clocks_of
from bench.burst.pictures import draw_pareto, draw_runs
from bench.burst.replay import MODELLED, PHYSICS, modelled, simulated
from bench.burst.result import Result, read_all
from bench.burst.scenarios import SCENARIOS
from bench.burst.startups import ASSUMED, companies, sooner
from bench.burst.systems import LOAD_SECONDS, SERVERS, SYSTEMS, can_be_told, system_in
from bench.page import write_tables
from bench.results_file import write_results
from warmpool_operator.simulate.setup import Route

SEEDS = (1, 2, 3)
SIMULATED = ("step", "step_retry", "ramp", "spikes", "diurnal", "trace")
"""Scenarios that every system runs in the simulator, whether there are real runs of it or not."""
LONG = ("static", "ours_b0", "ours", "ours_sched")
"""Systems whose cost is compared over ten calm minutes on both sides of the step."""
DRAWS = 10
"""Replays of each real run, each with another chance within what the run shows of its clocks."""
DRAWN = ("step", "step_model")
DETAILED = ("step", "step_long", "step_retry")
Key = tuple[str, str]
Runs = Mapping[Key, Sequence[Result]]


def report() -> Iterator[str]:
    """Write `burst.json`, the pictures and the tables of the benchmarks page; say what was written."""
    all_runs = read_all()
    route = Route(all_runs[-1].route) if all_runs else Route.INGRESS
    every = [run for run in all_runs if not run.void and run.route == route]
    # All systems with the same traffic; the simulator answers for every run.
    real = grouped(run for run in every if run.seed in SEEDS)
    replayed, others = grouped(replays(every)), grouped(elsewhere(every, route))
    both = {key: runs for key, runs in grouped(every).items() if key in replayed}
    figures = {
        **figures_of(real),
        **{f"sim_{name}": value for name, value in figures_of(others).items()},
        **checks(both, replayed),
        **physics(others),
    }
    repeats = min((len(runs) for runs in real.values()), default=0)
    path = write_results("burst", figures, repeats=repeats)
    for scenario in DRAWN:
        draw_runs(real, scenario)
    draw_pareto(others, real)
    void = [run for run in all_runs if run.void]
    yield f"{path}: {len(every)} runs through the {route.value} count, {len(all_runs) - len(every)} do not"
    parts = (
        [check_table("Measured, and what the simulator says of the same runs", both, replayed)]
        if both
        else []
    )
    parts += [table("Measured", real)] if real else []
    if void:
        parts.append(check_table("Void, and in no figure", grouped(void), grouped(replays(void))))
    parts += [grid(others), *(table(f"Simulated `{name}`", _only(others, name)) for name in DETAILED)]
    yield str(write_tables("bench.burst", "\n".join(parts)))


def grouped(runs: Iterable[Result]) -> dict[Key, list[Result]]:
    """Return the runs by scenario and system, in the order of the systems."""
    found: dict[Key, list[Result]] = {}
    for run in runs:
        found.setdefault((run.scenario, run.system), []).append(run)
    order = [*SYSTEMS, *MODELLED, PHYSICS]
    return dict(sorted(found.items(), key=lambda each: (each[0][0], order.index(each[0][1]))))


def replays(runs: Sequence[Result]) -> list[Result]:
    """Return each run of pretending pods as the simulator has it, `DRAWS` times, with start-ups of its kind."""
    made = []
    for run in runs:
        if run.scenario in SERVERS:
            continue
        alike = [each for each in runs if (each.scenario, each.system) == (run.scenario, run.system)]
        scenario, system = SCENARIOS[run.scenario], system_in(run.system, run.scenario)
        startups = companies(alike) or ASSUMED
        made += [
            simulated(
                scenario,
                system,
                run.seed,
                startups_s=startups,
                route=Route(run.route),
                draw=draw,
                clocks=clocks_of(run),
            )
            for draw in range(DRAWS)
        ]
    return made


def elsewhere(runs: Sequence[Result], route: Route) -> list[Result]:
    """Return every system in every scenario, simulated; with the start-ups of real runs, or assumed ones."""
    made = []
    startups = companies(run for run in runs if run.scenario not in SERVERS) or ASSUMED
    for scenario_name, names in {**dict.fromkeys(SIMULATED, tuple(SYSTEMS)), "step_long": LONG}.items():
        scenario = SCENARIOS[scenario_name]
        for seed in SEEDS:
            for system in (system_in(name, scenario_name) for name in names):
                if not can_be_told(system, scenario.change_at):
                    continue
                # What was measured is with the usual load; a shorter one makes a start that much shorter.
                own = sooner(startups, LOAD_SECONDS - system.load_seconds)
                made.append(simulated(scenario, system, seed, startups_s=own, route=route))
            if scenario_name in SIMULATED:
                made += [
                    modelled(scenario, name, seed, startups_s=startups, route=route)
                    for name in (*MODELLED, PHYSICS)
                ]
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
        figures[f"pod_seconds_per_1000_{name}"] = _mean(run.pod_seconds_per_1000 for run in each)
        ratios = [run.p99_s / run.steady_p99_s for run in each if run.p99_s and run.steady_p99_s]
        if ratios:
            figures[f"p99_over_steady_{name}"] = _mean(ratios)
    return figures


def checks(real: Runs, replayed: Runs) -> dict[str, float]:
    """Return how far the simulator is from the real runs at most, over systems; nothing without real runs."""
    pairs = [(real[key], replayed[key]) for key in real]
    if not pairs:
        return {}
    return {
        "sim_pod_seconds_diff_percent": max(abs(_cost_off(*pair)) for pair in pairs),
        "sim_error_points": max(abs(_errors_off(*pair)) for pair in pairs),
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
        "| scenario | system | errors % | p99 s | ÷ steady | pod-seconds | for 1000 answers | healthy s | runs |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    figures = figures_of(runs)
    for (scenario, system), each in runs.items():
        name = f"{scenario}_{system}"
        ratio = figures.get(f"p99_over_steady_{name}")
        lines.append(
            f"| {scenario} | {system} | {figures[f'error_percent_{name}']:.2f} | {figures[f'p99_s_{name}']:.2f}"
            f" | {'-' if ratio is None else f'{ratio:.1f}'} | {figures[f'pod_seconds_{name}']:.0f}"
            f" | {figures[f'pod_seconds_per_1000_{name}']:.0f}"
            f" | {figures[f'time_to_healthy_s_{name}']:.0f} | {len(each)} |"
        )
    return "\n".join([*lines, ""])


def grid(runs: Runs) -> str:
    """Return errors and pod-seconds of every system in every scenario."""
    scenarios = [name for name in SIMULATED if any(key[0] == name for key in runs)]
    lines = [
        "Simulated, errors % / pod-seconds:",
        "",
        f"| system | {' | '.join(scenarios)} |",
        f"| --- |{' --: |' * len(scenarios)}",
    ]
    for system in dict.fromkeys(key[1] for key in runs):
        cells = [runs.get((scenario, system), []) for scenario in scenarios]
        shown = (
            f"{_mean(run.error_percent for run in each):.2f} / {_mean(run.pod_seconds for run in each):.0f}"
            if each
            else "-"
            for each in cells
        )
        lines.append(f"| {system} | {' | '.join(shown)} |")
    return "\n".join([*lines, ""])


def _only(runs: Runs, scenario: str) -> Runs:
    return {key: each for key, each in runs.items() if key[0] == scenario}


def check_table(title: str, real: Runs, replayed: Runs) -> str:
    """Return simulator against reality as a Markdown table."""
    lines = [
        f"{title}:",
        "",
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


def _errors_off(real: Sequence[Result], replayed: Sequence[Result]) -> float:
    return _mean(run.error_percent for run in replayed) - _mean(run.error_percent for run in real)


def _cost_off(real: Sequence[Result], replayed: Sequence[Result]) -> float:
    measured = _mean(run.pod_seconds for run in real)
    return 100 * (_mean(run.pod_seconds for run in replayed) - measured) / measured


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return statistics.mean(found) if found else 0.0
