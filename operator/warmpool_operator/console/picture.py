"""Starts as a picture, PNG or SVG, for a report or a page."""

from pathlib import Path

from warmpool_operator.api.names import PHASES
from warmpool_operator.api.starts import StartupStatus
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.console.waterfall import COLOURS, headline

FORMATS = (".png", ".svg")
ROW_INCHES = 0.32
NEEDS = "pictures need matplotlib: pip install 'warmpool[cli]'; without --out the terminal shows the same"


def draw(pool: str, startup: StartupStatus, file: Path) -> None:
    """Draw the last starts as bars of phases over seconds.

    Raises:
        ConsoleError: matplotlib is missing, the file's ending is unknown, or it cannot be written.
    """
    if file.suffix.lower() not in FORMATS:
        raise ConsoleError(f"{file}: pictures end in {' or '.join(FORMATS)}", Exit.USAGE)
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - half a second that no other command should pay
    except ImportError as error:
        raise ConsoleError(NEEDS) from error
    figure = Figure(figsize=(10, 1.6 + ROW_INCHES * len(startup.last)), layout="constrained")
    axes = figure.subplots()
    rows = range(len(startup.last))
    left = [0.0] * len(startup.last)
    for phase in PHASES:
        widths = [start.phases_ms.get(phase, 0) / 1000 for start in startup.last]
        if any(widths):
            axes.barh(rows, widths, left=left, color=COLOURS[phase], label=phase, height=0.7)
            left = [start + width for start, width in zip(left, widths, strict=True)]
    for row, total in enumerate(left):
        axes.text(total, row, f" {total:.2f} s", va="center", fontsize=8)
    axes.set_yticks(rows, [start.pod for start in startup.last], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.08)
    axes.set_xlabel("seconds since the pod was seen")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    axes.set_title(f"{pool}: {headline(startup)}", fontsize=10, loc="left")
    try:
        figure.savefig(file, dpi=130, metadata={"Date": None} if file.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise ConsoleError(f"{file}: cannot be written: {error.strerror}") from error
