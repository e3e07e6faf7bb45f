"""The pictures of `docs/benchmarks.md`, from the raw data of the last run."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from bench.ingress.bed import kept
from bench.ingress.table import GOOD_SECONDS, SYSTEMS

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COLOURS = {
    "offered": "#9e9e9e",
    "accepted": "#2e7d32",
    "ready": "#ef6c00",
    "limit": "#1565c0",
    "late": "#c62828",
}
NAMES = {"none": "no limit", "naive": "limit-rps: 40, the rest default", "ours": "warmpool"}


def draw() -> None:
    """Draw what there is data for."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, paint in (("table", _table), ("growth", _growth), ("trace", _trace)):
        data = kept(name)
        if data is not None:
            figure = paint(data)
            figure.savefig(IMAGES / f"ingress-{name}.png", dpi=110)
            plt.close(figure)


def _table(data: dict[str, list[dict[str, Any]]]) -> Any:
    figure, axes = plt.subplots(
        1, len(SYSTEMS), figsize=(10, 3.4), sharex=True, sharey=True, layout="constrained"
    )
    for axis, name in zip(axes, SYSTEMS, strict=True):
        answered = [each for each in data[name] if 200 <= each["status"] < 300]
        points = [(each["intended"], each["finished"] - each["intended"]) for each in answered]
        good = [point for point in points if point[1] <= GOOD_SECONDS]
        late = [point for point in points if point[1] > GOOD_SECONDS]
        for group, colour, label in ((good, "accepted", "in time"), (late, "late", "late")):
            if group:
                axis.scatter(
                    *zip(*group, strict=True), s=6, color=COLOURS[colour], label=f"{len(group)} {label}"
                )
        rest = len(data[name]) - len(answered)
        axis.set_title(f"{NAMES[name]}\n{rest} refused or given up", fontsize=10)
        axis.axhline(GOOD_SECONDS, color=COLOURS["offered"], linewidth=0.8)
        axis.set_xlabel("sent after, s")
        axis.legend(loc="upper right", fontsize=8)
    axes[0].set_ylabel("answered after, s")
    axes[0].set_ylim(0, 6)
    axes[0].set_xlim(-0.5, 10.5)
    return figure


def _growth(data: dict[str, list[Any]]) -> Any:
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
    offered = [intended for intended, _, _ in data["records"]]
    accepted = [intended for intended, status, _ in data["records"] if status == 200]
    end = int(max(offered)) + 1
    bins = range(end + 1)
    top.hist(offered, bins=bins, histtype="step", color=COLOURS["offered"], label="offered")
    top.hist(
        accepted, bins=bins, histtype="stepfilled", alpha=0.6, color=COLOURS["accepted"], label="accepted"
    )
    top.set_ylabel("requests per second")
    top.legend(loc="upper left", fontsize=8)
    series_of = (("ready", "warm pods", bottom), ("limit", "limit: requests at once", bottom.twinx()))
    for series, label, scale in series_of:
        times = [max(0.0, at) for at, _ in data[series]] + [end]
        values = [value for _, value in data[series]]
        scale.step(times, [*values, values[-1]], where="post", color=COLOURS[series], label=series)
        scale.set_ylabel(label, color=COLOURS[series])
        scale.set_ylim(0)
    bottom.set_xlim(0, end)
    bottom.set_xlabel("seconds")
    return figure


def _trace(data: dict[str, Any]) -> Any:
    figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
    minutes = [at / 60_000 for at, _, _ in data["points"]]
    axis.step(
        minutes,
        [exact for _, _, exact in data["points"]],
        where="post",
        color=COLOURS["ready"],
        linewidth=0.8,
        label="200 % of the ready slots",
    )
    limits = [limit for _, limit, _ in data["points"]]
    axis.step(minutes, limits, where="post", color=COLOURS["limit"], label="limit")
    axis.set_xlabel("minutes of the trace")
    axis.set_ylabel("requests at once")
    axis.set_ylim(0)
    axis.legend(loc="upper left", fontsize=8)
    return figure
