"""The picture of a search: errors against cost, and the recommended pool second by second.

Colours are those of Okabe and Ito, which every kind of colour vision tells apart.
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from warmpool_operator.console.sizing_search import Found
from warmpool_operator.simulate.outcome import Outcome

GREEN, BLUE, ORANGE, GREY = "#009E73", "#0072B2", "#E69F00", "#777777"
NO_ERRORS = 0.005
"""Where a logarithmic axis shows zero, in percent."""


def draw(found: Found, outcome: Outcome, file: Path) -> None:
    """Draw a search and the run of one option; the suffix of the file names the format."""
    figure = Figure(figsize=(10, 7.5), layout="constrained")
    choice, pods, load = figure.subplots(3, 1, height_ratios=[1.4, 1, 0.8])
    pods.sharex(load)
    _choice(choice, found)
    _pods(pods, outcome)
    _load(load, outcome)
    for axes in (choice, pods, load):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110, metadata={"Date": None} if file.suffix == ".svg" else None)


def _choice(axes: Axes, found: Found) -> None:
    front = [
        (each.pod_seconds / found.seconds, max(NO_ERRORS, each.error_percent)) for each in found.efficient
    ]
    axes.plot(*zip(*front, strict=True), marker="o", color=GREEN, label="options that no other beats")
    for sized, label, colour in ((found.own, "as it is", ORANGE), (found.best, "recommended", BLUE)):
        if sized is not None:
            at = sized.pod_seconds / found.seconds, max(NO_ERRORS, sized.error_percent)
            axes.scatter(
                *at, s=140, facecolors="none", edgecolors=colour, linewidths=2, label=label, zorder=3
            )
    for name, sized in found.rivals:
        at = sized.pod_seconds / found.seconds, max(NO_ERRORS, sized.error_percent)
        axes.scatter(*at, marker="x", color=GREY)
        axes.annotate(name, at, textcoords="offset points", xytext=(6, 4), fontsize=8, color=GREY)
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.set_ylabel(f"errors, percent\n({NO_ERRORS:g}: none)")
    axes.set_xlabel("pods on average")


def _pods(axes: Axes, outcome: Outcome) -> None:
    times = [moment.at_ms / 1000 for moment in outcome.moments]
    ready = [moment.ready for moment in outcome.moments]
    axes.fill_between(times, ready, step="post", color=GREEN, alpha=0.3, linewidth=0, label="serving pods")
    axes.step(
        times, [moment.desired for moment in outcome.moments], where="post", color=BLUE, linewidth=1.2,
        label="asked for",
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.set_ylabel("pods")


def _load(axes: Axes, outcome: Outcome) -> None:
    sent = [0] * (outcome.setup.end_ms // 1000 + 1)
    failed = list(sent)
    for request in outcome.requests:
        sent[request.intended_ms // 1000] += 1
        failed[request.intended_ms // 1000] += request.status != 200
    axes.step(range(len(sent)), sent, where="post", color=GREY, linewidth=1, label="requests")
    axes.step(range(len(failed)), failed, where="post", color="#D55E00", linewidth=1.2, label="errors")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("per second")
    axes.set_xlabel("seconds, with the recommended option")
