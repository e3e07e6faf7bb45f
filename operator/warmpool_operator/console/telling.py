"""How a decision of the past is told: its account, and beside it what another spec would have made of it."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from warmpool_operator.capacity.explain import account, sentence
from warmpool_operator.capacity.record import Replayed
from warmpool_operator.console.options import Output
from warmpool_operator.console.past import Moment, title
from warmpool_operator.console.writing import write_data


def tell_past(pool: str, moment: Moment, changes: Iterable[str], output: Output) -> None:
    """Write one decision of the past."""
    if output is not Output.TEXT:
        write_data(_document(pool, moment, list(changes)), output)
        return
    console = Console(highlight=False, markup=False)
    _tell(console, f"{pool} at {title(moment.was)}: ", moment.was)
    if moment.would is not None:
        _tell(console, f"with {', '.join(changes)}: ", moment.would)
    if not moment.exact:
        warning = "some recorded decisions do not come out again: is this the operator's version?"
        console.print(Text(warning, style="bold red"))


def _tell(console: Console, head: str, made: Replayed) -> None:
    console.print(Text.assemble((head, "bold"), sentence(made.decision)), soft_wrap=True)
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for term, text in account(made.decision, divisor=made.rules.policy.divisor):
        grid.add_row(term, text)
    console.print(grid)


def _document(pool: str, moment: Moment, changes: list[str]) -> dict[str, Any]:
    told = {"pool": pool, "at": title(moment.was), "exact": moment.exact, "was": _decision(moment.was)}
    if moment.would is not None:
        told |= {"set": changes, "would": _decision(moment.would)}
    return told


def _decision(made: Replayed) -> dict[str, Any]:
    lines = account(made.decision, divisor=made.rules.policy.divisor)
    return {
        "desired": made.decision.desired,
        "binding": made.decision.binding.value,
        "message": sentence(made.decision),
        "account": [{"term": term, "text": text} for term, text in lines],
    }
