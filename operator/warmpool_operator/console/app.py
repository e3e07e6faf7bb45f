"""The commands of `warmpool`, put together, and how their errors end."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from warmpool_operator import __version__
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.console.explain import explain
from warmpool_operator.console.render import render
from warmpool_operator.console.simulate import simulate
from warmpool_operator.console.status import status
from warmpool_operator.console.timeline import timeline
from warmpool_operator.runtime.errors import KubeError

PLUGIN = "kubectl-warmpool"

app = typer.Typer(
    help="Look at warm pools, and understand them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (status, explain, timeline, render, simulate):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"{__version__}\n")
        raise typer.Exit(Exit.OK)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Look at warm pools, and understand them."""


def main() -> None:
    """Run one command and end the process with its exit code."""
    plugin = Path(sys.argv[0]).name == PLUGIN
    try:
        app(prog_name="kubectl warmpool" if plugin else "warmpool")
    except ConsoleError as error:
        _fail(str(error), error.code)
    except KubeError as error:
        _fail(error.message, Exit.FAILED)


def _fail(message: str, code: Exit) -> None:
    said = Text.assemble(("error: ", "bold red"), message)
    Console(stderr=True, highlight=False).print(said, soft_wrap=True)
    raise SystemExit(code)
