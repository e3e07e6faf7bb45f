"""The picture of a burst: demand, pods, and what became of the requests, over one time axis.

Colours are those of Okabe and Ito, which every kind of colour vision tells apart; line styles differ too.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hack.demo.burst import Recording
from hack.demo.facts import facts_of, open_requests, per_second

BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
)
CREDIT = (
    "Burst: Azure LLM inference trace 2023 (conversation), Patel et al., Splitwise, ISCA 2024, CC-BY 4.0;"
    " CSV form of microsoft/vidur. Time compressed, thinned and texts shortened."
)


def draw(recording: Recording, file: Path) -> None:
    """Draw a recording as PNG; the folder is made where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context():
        _style()
        figure = Figure(figsize=(11, 8), layout="constrained")
        demand, pods, fate = figure.subplots(3, 1, sharex=True, height_ratios=[1, 1.15, 1])
        facts = facts_of(recording)
        for axes, panel in ((demand, _demand), (pods, _pods), (fate, _fate)):
            axes.axvspan(0, facts.seconds, color=SKY, alpha=0.2, linewidth=0, zorder=0, label="the burst")
            panel(axes, recording)
            axes.set_ylim(bottom=0)
            _legend(axes)
        fate.set_xlabel("seconds after the first request")
        figure.suptitle(
            f"A burst of {facts.load.requests} requests in {facts.seconds:.0f} s, and what the pool did",
            fontsize=13,
            fontweight="bold",
        )
        figure.supxlabel(CREDIT, fontsize=7, color="#555555")
        figure.savefig(file, dpi=130, metadata={"Software": "warmpool demo"})


def _style() -> None:
    mpl.rcParams.update(
        {
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "legend.frameon": False,
        }
    )


def _times(recording: Recording) -> list[float]:
    return [sample.at - recording.run.started for sample in recording.samples]


def _legend(axes: Axes) -> None:
    """Beside the axes, where it hides no line."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)


def _demand(axes: Axes, recording: Recording) -> None:
    opened = open_requests(recording.run.records, width=0.5)
    axes.plot(
        [index / 2 for index in range(len(opened))],
        opened,
        color=ORANGE,
        label="open at the client",
        zorder=2,
    )
    axes.step(
        _times(recording),
        [sample.demand for sample in recording.samples],
        where="post",
        color=BLACK,
        linewidth=1.8,
        label="demand as the operator\ncounts it: computing,\nwaiting and refused",
    )
    axes.set_ylabel("requests at once")


def _pods(axes: Axes, recording: Recording) -> None:
    times, samples = _times(recording), recording.samples
    ceiling = max(sample.ceiling for sample in samples)
    axes.axhline(ceiling, color="#777777", linestyle=":", linewidth=1, label="ceiling")
    axes.fill_between(
        times,
        [sample.ready for sample in samples],
        step="post",
        color=GREEN,
        alpha=0.3,
        linewidth=0,
        label="warm pods (ready)",
    )
    axes.step(
        times,
        [s.desired for s in samples],
        where="post",
        color=BLUE,
        linewidth=2,
        label="desired by the operator",
    )
    axes.step(
        times,
        [sample.replicas for sample in samples],
        where="post",
        color=VERMILLION,
        linestyle="--",
        linewidth=1.3,
        label="replicas of the Deployment",
    )
    axes.set_ylabel("pods")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0, ceiling + 0.6)


def _fate(axes: Axes, recording: Recording) -> None:
    records = recording.run.records
    answered = per_second(records, lambda record: record.answered)
    refused = per_second(records, lambda record: record.refused)
    seconds = list(range(len(answered)))
    axes.step(seconds, answered, where="post", color=GREEN, linewidth=1.8, label="answered")
    axes.step(
        seconds, refused, where="post", color=VERMILLION, linestyle="--", linewidth=1.8, label="refused (429)"
    )
    failed = per_second(records, lambda record: not record.answered and not record.refused)
    if any(failed):
        axes.step(seconds, failed, where="post", color=BLACK, linestyle=":", label="failed")
    axes.set_ylabel("requests per second")
