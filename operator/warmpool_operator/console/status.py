"""`warmpool status`: pools in a table, once or live."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from warmpool_operator.api.names import Condition as Type
from warmpool_operator.api.status import PoolStatus
from warmpool_operator.console.cluster import Target, get_pool, list_pools, status_of
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.console.options import Context, Kubeconfig, Namespace, Output, OutputFormat
from warmpool_operator.console.troubles import troubles
from warmpool_operator.console.writing import write_data
from warmpool_operator.desired.pool import Manifest

HEADINGS = (
    "POOL",
    "READY",
    "WARMING",
    "FAILED",
    "FLOOR",
    "CEILING",
    "DEMAND",
    "BINDING",
    "START-P95",
    "STATE",
)
INTERVAL_SECONDS = 1.0

OnePool = Annotated[str | None, typer.Argument(metavar="POOL", help="One pool; otherwise all.")]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Pools of all namespaces.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Keep the table up to date until Ctrl-C.")]
Check = Annotated[bool, typer.Option("--check", help="Exit with 3 if a pool is below its warm floor.")]


def status(
    pool: OnePool = None,
    *,
    namespace: Namespace = None,
    all_namespaces: AllNamespaces = False,
    watch: Watch = False,
    check: Check = False,
    output: OutputFormat = Output.TEXT,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show how warm pools are.

    Ready pods of those wanted, the bounds in force, demand, the term that decided, and what is wrong.
    """
    if watch and output is not Output.TEXT:
        raise ConsoleError(
            "--watch writes a table; for programs there is `kubectl get wmp --watch -o json`", Exit.USAGE
        )
    target = Target(namespace=namespace, context=context, kubeconfig=kubeconfig)

    def read(quiet: bool = False) -> list[Manifest]:
        if pool is not None:
            return [get_pool(target, pool, quiet=quiet)]
        return list_pools(target, everywhere=all_namespaces, quiet=quiet)

    pools = read()
    if output is Output.TEXT and not watch:
        _print(pools, target, everywhere=all_namespaces)
    elif watch:
        _watch(read, everywhere=all_namespaces)
    else:
        write_data([_document(each) for each in pools], output)
    if check and not all(_warm(status_of(each)) for each in pools):
        raise typer.Exit(Exit.NOT_WARM)


def _print(pools: Sequence[Manifest], target: Target, *, everywhere: bool) -> None:
    if not pools:
        where = "in any namespace" if everywhere else f"in namespace {target.home}"
        Console(stderr=True).print(f"no pools {where}", highlight=False)
        return
    Console().print(table(pools, everywhere=everywhere))


def _watch(read: Any, *, everywhere: bool) -> None:
    with Live(table(read(True), everywhere=everywhere), console=Console(), auto_refresh=False) as live:
        while True:
            time.sleep(INTERVAL_SECONDS)
            live.update(table(read(True), everywhere=everywhere), refresh=True)


def table(pools: Sequence[Manifest], *, everywhere: bool) -> Table:
    """Return the table of pools, in the order of their names."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (("NAMESPACE",) if everywhere else ()) + HEADINGS:
        made.add_column(heading, no_wrap=heading != "STATE", justify="left")
    for pool in sorted(pools, key=lambda each: (each["metadata"]["namespace"], each["metadata"]["name"])):
        place = (pool["metadata"]["namespace"],) if everywhere else ()
        made.add_row(*place, pool["metadata"]["name"], *_cells(status_of(pool)))
    return made


def _cells(seen: PoolStatus) -> tuple[str | Text, ...]:
    pods, decision = seen.pods, seen.decision
    wrong = troubles(seen)
    warm = _warm(seen)
    if wrong:
        state = Text(f"{wrong[0].reason}: {wrong[0].message}", style="red" if not warm else "yellow")
    elif not seen.conditions:
        state = Text("no operator has looked at it yet", style="red")
    else:
        state = Text("warm" if warm else "warming", style="green" if warm else "yellow")
    return (
        Text(f"{pods.ready}/{decision.desired}", style="green" if warm else "yellow"),
        str(pods.warming),
        Text(str(pods.failed), style="red" if pods.failed else ""),
        str(seen.effective.min),
        str(seen.effective.max),
        str(decision.terms.demand),
        decision.binding,
        seen.startup.p95 or "",
        state,
    )


def _warm(seen: PoolStatus) -> bool:
    return any(each.type == Type.WARM and each.status == "True" for each in seen.conditions)


def _document(pool: Manifest) -> dict[str, Any]:
    metadata = pool["metadata"]
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "status": status_of(pool).to_wire(),
    }
