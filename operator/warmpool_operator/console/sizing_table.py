"""What a search has found, for people and for programs."""

from typing import Any

from rich.console import Console
from rich.table import Table

from warmpool_operator.console.sizing_search import Found
from warmpool_operator.simulate.sizing import Sized

HEADINGS = ("", "FLOOR", "BUFFER", "KEEPALIVE", "ERRORS", "P99", "PODS", "POD-SECONDS")


def print_table(found: Found, *, error_percent: float) -> None:
    """Print the options that no other beats, the pool as it is, and the rivals; then say what to do."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    rows = list(found.efficient)
    rows += [found.own] if found.own not in rows else []
    for sized in sorted(rows, key=lambda each: each.pod_seconds):
        style = "bold green" if sized == found.best else None
        table.add_row(_name(sized, found), *_settings(sized), *_figures(sized, found), style=style)
    table.add_section()
    for name, sized in found.rivals:
        table.add_row(name, "", "", "", *_figures(sized, found), style="dim")
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(_advice(found, error_percent), soft_wrap=True)


def document(found: Found) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "seconds": found.seconds,
        "own": _entry(found.own),
        "recommended": None if found.best is None else _entry(found.best),
        "options": [_entry(each) for each in found.efficient],
        "rivals": {name: _outcome(each) for name, each in found.rivals},
    }


def _name(sized: Sized, found: Found) -> str:
    if sized == found.best:
        return "recommended" if sized != found.own else "recommended, as it is"
    return "as it is" if sized == found.own else ""


def _settings(sized: Sized) -> tuple[str, str, str]:
    option = sized.option
    return str(option.floor), str(option.buffer), f"{option.keep_alive_seconds}s"


def _figures(sized: Sized, found: Found) -> tuple[str, str, str, str]:
    return (
        f"{sized.error_percent:.2f}%",
        "-" if sized.p99_s is None else f"{sized.p99_s:.2f}s",
        f"{sized.pod_seconds / found.seconds:.1f}",
        f"{sized.pod_seconds:.0f}",
    )


def _advice(found: Found, error_percent: float) -> str:
    if found.best is None:
        least = min(found.efficient, key=lambda each: each.error_percent)
        return (
            f"No option has at most {error_percent:g}% errors; the best has {least.error_percent:.2f}%."
            " Raise maxReplicas, start pods faster, or announce the load with a schedule."
        )
    if found.best == found.own:
        return "The pool is sized right for this traffic."
    option = found.best.option
    return (
        f"scaling: {{minReplicas: {option.floor}, concurrencyBuffer: {option.buffer},"
        f" keepAliveSeconds: {option.keep_alive_seconds}}} is the cheapest with at most {error_percent:g}% errors."
    )


def _entry(sized: Sized) -> dict[str, Any]:
    option = sized.option
    return {
        "minReplicas": option.floor,
        "concurrencyBuffer": option.buffer,
        "keepAliveSeconds": option.keep_alive_seconds,
        **_outcome(sized),
    }


def _outcome(sized: Sized) -> dict[str, Any]:
    return {
        "errorPercent": round(sized.error_percent, 4),
        "p99Seconds": sized.p99_s,
        "podSeconds": round(sized.pod_seconds, 1),
    }
