"""The two pictures of the benchmarks page, drawn from the figures alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
LABELS = {
    "onnx": "warmpool onnx",
    "int8": "warmpool onnx int8",
    "st": "warmpool torch",
    "infinityort": "infinity onnxruntime",
    "infinity": "infinity torch",
    "litserve": "LitServe",
    "bentoml": "BentoML",
    "mosec": "mosec",
    "naive": "naive FastAPI",
}
_COLOURS = {"onnx": "#e64a19", "int8": "#ff8a65", "st": "#8d2b0b"}
_THEIRS = {"infinityort": "#455a64", "infinity": "#607d8b", "litserve": "#78909c", "bentoml": "#90a4ae"}
_GREYS = _THEIRS | {"mosec": "#b0bec5", "naive": "#cfd8dc"}


def draw(figures: Mapping[str, float]) -> None:
    """Write both pictures into the documentation."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, picture in (("serving-cold", _cold(figures)), ("serving-throughput", _throughput(figures))):
        picture.savefig(IMAGES / f"{name}.png", dpi=130)
        plt.close(picture)


def _cold(figures: Mapping[str, float]) -> Any:
    picture, (ready, memory) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
    _bars(ready, {system: figures[f"{system}_ready_s"] for system in LABELS}, "{:.1f}")
    ready.set_xlabel("seconds from process start to the first right answer")
    _bars(memory, {system: figures[f"{system}_pss_mib"] for system in LABELS}, "{:.0f}")
    memory.set_xlabel("MiB of memory when ready (PSS, all processes)")
    return picture


def _bars(axes: Any, values: Mapping[str, float], form: str) -> None:
    bars = axes.barh([LABELS[system] for system in values], values.values(), color=_colours(values))
    axes.bar_label(bars, labels=[form.format(value) for value in values.values()], padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)


def _throughput(figures: Mapping[str, float]) -> Any:
    lengths, clients = ("short", "medium", "long"), (1, 8, 64)
    picture, grid = plt.subplots(3, 3, figsize=(11, 8.5), layout="constrained", sharey=True)
    for row, length in enumerate(lengths):
        for column, count in enumerate(clients):
            axes = grid[row][column]
            values = {system: figures[f"rps_{system}_{length}_c{count}"] for system in LABELS}
            _bars(axes, values, "{:.0f}")
            axes.set_title(f"{length} texts, {count} client{'s' if count > 1 else ''}", fontsize=10)
            axes.tick_params(labelsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("requests per second")
    return picture


def _colours(values: Mapping[str, float]) -> list[str]:
    return [(_COLOURS | _GREYS)[system] for system in values]
