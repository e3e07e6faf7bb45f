"""Options of `warmpool simulate`."""

from pathlib import Path
from typing import Annotated

import typer

from warmpool_operator.simulate.setup import Route

Trace = Annotated[
    Path, typer.Option("--trace", metavar="FILE", help="CSV with the column arrived_at, in seconds.")
]
PoolFile = Annotated[
    str,
    typer.Option("--pool", metavar="FILE", help="The pool as YAML; with a status, its start-ups are used."),
]
ServiceTimes = Annotated[
    str, typer.Option("--service-ms", metavar="N[,N…]", help="Time of one request, or times as measured.")
]
StartupTimes = Annotated[
    str | None,
    typer.Option(
        "--startup-seconds", metavar="N[,N…]", help="Start of one pod, if the pool's status has none."
    ),
]
Deadline = Annotated[float, typer.Option("--deadline", min=0.001, help="Seconds that a client waits.")]
Attempts = Annotated[int, typer.Option("--attempts", min=1, help="Tries of a client that is refused.")]
Errors = Annotated[float, typer.Option("--errors", min=0, help="Errors allowed, in percent.")]
Faster = Annotated[float, typer.Option("--faster", min=0.001, help="Replay the trace so many times faster.")]
By = Annotated[Route, typer.Option("--route", help="How requests find pods.")]
Seeds = Annotated[int, typer.Option("--seeds", min=1, max=20, help="Runs of each option.")]
Picture = Annotated[
    Path | None, typer.Option("--picture", metavar="FILE", help="Draw it: .svg, .png or .pdf.")
]
