"""Arguments and options that several commands share, spelled once so that they mean the same everywhere."""

from enum import StrEnum
from typing import Annotated

import typer

from warmpool_operator.console.cluster import complete_pools


class Output(StrEnum):
    """How a result is written."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


PoolName = Annotated[
    str, typer.Argument(metavar="POOL", help="Name of the pool.", autocompletion=complete_pools)
]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="Namespace; otherwise the one of the context.", metavar="NAME"),
]
Context = Annotated[
    str | None,
    typer.Option("--context", help="Context of the kubeconfig; otherwise the current one.", metavar="NAME"),
]
Kubeconfig = Annotated[
    str | None,
    typer.Option("--kubeconfig", help="Kubeconfig; otherwise KUBECONFIG, ~/.kube/config.", metavar="FILE"),
]
OutputFormat = Annotated[Output, typer.Option("--output", "-o", help="text for people, or for programs.")]
