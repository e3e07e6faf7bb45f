"""Pictures: errors against pod-seconds, and what happened second by second in a scenario."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.burst.result import Result
from bench.burst.scenarios import SCENARIOS

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COLOURS = {
    "hpa_cpu": "#D55E00",
    "hpa_cpu_bounded": "#E69F00",
    "keda": "#CC79A7",
    "knative": "#999999",
    "static": "#000000",
    "physics": "#777777",
    "ours_b0": "#56B4E9",
    "ours_b2": "#0072B2",
    "ours_p20": "#7FC7A8",
    "ours": "#009E73",
    "ours_sched": "#F0E442",
    "ours_b0_load4": "#8B6FB8",
}
"""Okabe and Ito, which every kind of colour vision tells apart."""
NO_ERRORS = 0.01
"""Where a logarithmic axis shows zero."""
Key = tuple[str, str]
Runs = Mapping[Key, Sequence[Result]]


def draw_runs(real: Runs, scenario: str, folder: Path = IMAGES) -> None:
    """Draw what happened in the first real run of each system: errors and serving pods per second."""
    shown = {system: runs[0] for (of, system), runs in real.items() if of == scenario}
    if not shown:
        return
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    errors, pods = figure.subplots(2, 1, sharex=True)
    for system, run in shown.items():
        sent = [max(1, count) for count in run.offered]
        share = [100 * wrong / of for wrong, of in zip(run.failed, sent, strict=True)]
        errors.step(range(len(share)), share, where="post", color=COLOURS[system], label=system)
        pods.step(range(len(run.ready)), run.ready, where="post", color=COLOURS[system], label=system)
    for axes in (errors, pods):
        axes.axvline(SCENARIOS[scenario].change_at, color="#777777", linestyle=":", linewidth=1)
        _plain(axes)
    errors.set_title(scenario, fontsize=10)
    errors.set_ylabel(f"requests without a 200\nwithin {SCENARIOS[scenario].deadline:.0f} s, percent")
    pods.set_ylabel("serving pods")
    pods.set_xlabel("seconds; the load leaves its calm at the dotted line")
    errors.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    _save(figure, folder / f"burst-{scenario.replace('_', '-')}.png")


def draw_pareto(simulated: Runs, real: Runs, file: Path = IMAGES / "burst-pareto.png") -> None:
    """Draw errors against pod-seconds for each scenario: simulated as rings, measured as discs."""
    scenarios = [name for name in SCENARIOS if any(key[0] == name for key in (*simulated, *real))]
    figure = Figure(figsize=(12, 7.6), layout="constrained")
    panels = figure.subplots(2, -(-len(scenarios) // 2), squeeze=False).flatten()
    for axes, scenario in zip(panels, scenarios, strict=False):
        for runs, filled in ((simulated, False), (real, True)):
            for (of, system), each in runs.items():
                if of == scenario:
                    _point(axes, system, each, filled=filled)
        axes.set_title(scenario, fontsize=10)
        axes.set_yscale("log")
        axes.set_ylim(NO_ERRORS * 0.7, 110)
        axes.set_xlim(0, 1.08 * axes.get_xlim()[1])
        _plain(axes)
    for axes in panels[len(scenarios) :]:
        axes.axis("off")
    handles = {
        label: mark for axes in panels for mark, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), fontsize=8, frameon=False, loc="outside upper center", ncols=6
    )
    figure.supxlabel("pod-seconds within the run", fontsize=9)
    figure.supylabel("errors, percent (0.01: none); rings are simulated, discs measured", fontsize=9)
    _save(figure, file)


def _point(axes: Axes, system: str, runs: Sequence[Result], *, filled: bool) -> None:
    errors = statistics.mean(run.error_percent for run in runs)
    cost = statistics.mean(run.pod_seconds for run in runs)
    colour = COLOURS[system]
    axes.scatter(
        [cost],
        [max(errors, NO_ERRORS)],
        s=60,
        facecolors=colour if filled else "none",
        edgecolors=colour,
        linewidths=1.6,
        label=None if filled else system,
    )


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)


def _save(figure: Figure, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110, metadata={"Software": "warmpool bench"})
