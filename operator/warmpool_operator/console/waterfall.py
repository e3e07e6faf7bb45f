"""Starts as bars over one time axis: what a terminal shows, and the colours that pictures share with it."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from warmpool_operator.api.names import PHASES, Phase
from warmpool_operator.api.starts import MeasuredStart, StartupStatus

COLOURS = {
    Phase.SCHEDULED: "#dddddd",
    Phase.SANDBOX: "#99ddff",
    Phase.MODEL_FETCH: "#44bb99",
    Phase.IMAGE_PULL: "#77aadd",
    Phase.CONTAINER: "#aaaa00",
    Phase.PROCESS_START: "#eedd88",
    Phase.IMPORTS: "#bbcc33",
    Phase.LOAD: "#ee8866",
    Phase.COMPILE: "#aa4499",
    Phase.WARMUP: "#ffaabb",
    Phase.READY: "#888888",
}
"""Paul Tol's light scheme, which every kind of colour vision tells apart; neighbours differ most."""
LETTERS = {
    Phase.SCHEDULED: "n",
    Phase.SANDBOX: "s",
    Phase.MODEL_FETCH: "f",
    Phase.IMAGE_PULL: "p",
    Phase.CONTAINER: "c",
    Phase.PROCESS_START: "x",
    Phase.IMPORTS: "i",
    Phase.LOAD: "l",
    Phase.COMPILE: "k",
    Phase.WARMUP: "w",
    Phase.READY: "r",
}
"""What a bar is made of where there is no colour."""
MIN_WIDTH = 20


def print_waterfall(console: Console, pool: str, startup: StartupStatus) -> None:
    """Print the last starts as bars, and how long each phase takes."""
    console.print(Text.assemble((pool, "bold"), f": {headline(startup)}"), soft_wrap=True)
    longest = max((start.total_ms for start in startup.last), default=0)
    names = max((len(start.pod) for start in startup.last), default=0)
    width = max(MIN_WIDTH, console.width - names - 12)
    coloured = console.color_system is not None
    for start in startup.last:
        line = Text(f"{start.pod:<{names}} {start.total_ms / 1000:7.2f} s ")
        console.print(line.append_text(bar(start, longest, width, coloured=coloured)), no_wrap=True)
    console.print(_legend(startup, coloured=coloured))


def headline(startup: StartupStatus) -> str:
    """Return the statistics in one sentence."""
    if not startup.samples:
        return f"no start was measured yet, {startup.failures} failed"
    return (
        f"half of the starts within {startup.p50}, 95 % within {startup.p95}"
        f" ({startup.samples} measured, {startup.failures} failed)"
    )


def bar(start: MeasuredStart, longest_ms: int, width: int, *, coloured: bool) -> Text:
    """Return one start as a bar, `width` characters for the longest. Every phase ends where its time ends."""
    made, elapsed, drawn = Text(), 0, 0
    for phase in PHASES:
        elapsed += start.phases_ms.get(phase, 0)
        end = round(elapsed * width / longest_ms) if longest_ms else 0
        cells = end - drawn
        if cells > 0:
            made.append("█" * cells if coloured else LETTERS[phase] * cells, style=COLOURS[phase])
            drawn = end
    return made


def _legend(startup: StartupStatus, *, coloured: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "PHASE", "P50", "P95"):
        table.add_column(
            heading, justify="right" if heading.startswith("P") and heading != "PHASE" else "left"
        )
    for phase in PHASES:
        if (times := startup.phases.get(phase)) is not None:
            mark = Text("█" if coloured else LETTERS[phase], style=COLOURS[phase])
            table.add_row(mark, phase, times.p50, times.p95)
    return table
