"""`warmpool timeline`: where the time of the last starts went, as a waterfall."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from warmpool_operator.console.cluster import Target, get_pool, status_of
from warmpool_operator.console.exits import ConsoleError
from warmpool_operator.console.options import (
    Context,
    Kubeconfig,
    Namespace,
    Output,
    OutputFormat,
    PoolName,
)
from warmpool_operator.console.picture import draw
from warmpool_operator.console.waterfall import print_waterfall
from warmpool_operator.console.writing import write_data


def timeline(
    pool: PoolName,
    *,
    namespace: Namespace = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Draw into a file that ends in .png or .svg.", metavar="FILE")
    ] = None,
    output: OutputFormat = Output.TEXT,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show where the time of the last starts went.

    One bar per start, one colour per phase, and how long each phase takes. A start is measured if the operator
    saw its beginning.
    """
    live = get_pool(Target(namespace=namespace, context=context, kubeconfig=kubeconfig), pool)
    startup = status_of(live).startup
    if output is not Output.TEXT:
        write_data({"pool": pool, **startup.to_wire()}, output)
    elif out is None:
        print_waterfall(Console(), pool, startup)
    if out is not None:
        if not startup.last:
            raise ConsoleError(f"{pool}: no start was measured yet, so there is nothing to draw")
        draw(pool, startup, out)
        Console(stderr=True, highlight=False).print(f"drawn into {out}", soft_wrap=True)
