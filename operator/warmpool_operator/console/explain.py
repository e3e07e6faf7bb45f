"""`warmpool explain`: why a pool has this many pods, in words, from what its status says."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.api.status import DecisionStatus, PoolStatus
from warmpool_operator.capacity.explain import account
from warmpool_operator.capacity.types import Binding, Decision, Memory, Terms
from warmpool_operator.console.cluster import Target, get_pool, status_of
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.console.options import (
    Context,
    Kubeconfig,
    Namespace,
    Output,
    OutputFormat,
    PoolName,
)
from warmpool_operator.console.past import milliseconds, moment_of, read_record
from warmpool_operator.console.telling import tell_past
from warmpool_operator.console.troubles import troubles
from warmpool_operator.console.writing import write_data

At = Annotated[
    str | None,
    typer.Option("--at", help="A time of the past, such as 09:03 or 2030-01-31T09:03:00Z.", metavar="TIME"),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="With --at: what if this field had been so.", metavar="scaling.FIELD=VALUE"),
]
OperatorNamespace = Annotated[str, typer.Option(help="With --at: where the operator runs.", metavar="NAME")]


def explain(
    pool: PoolName,
    *,
    at: At = None,
    changes: Changes = None,
    operator_namespace: OperatorNamespace = "warmpool-system",
    namespace: Namespace = None,
    output: OutputFormat = Output.TEXT,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Say why a pool has this many pods.

    Every term of the decision in words, and what keeps the pool from being warm. With --at, the decision that
    was in force at that time, made again from the operator's record, which goes back about 80 minutes.
    """
    target = Target(namespace=namespace, context=context, kubeconfig=kubeconfig)
    if at is not None:
        at_ms = milliseconds(at, now=datetime.now(UTC).astimezone())
        chunks = read_record(target, pool, operator_namespace=operator_namespace, until_ms=at_ms)
        tell_past(pool, moment_of(chunks, at_ms, changes or []), changes or [], output)
        return
    if changes:
        raise ConsoleError("--set needs --at: what would have been, at which time?", Exit.USAGE)
    live = get_pool(target, pool)
    seen = status_of(live)
    if not seen.decision.binding:
        raise ConsoleError(_undecided(pool, seen))
    spec = PoolSpec.model_validate(live["spec"], extra="ignore")
    if output is Output.TEXT:
        _print(pool, spec, seen)
    else:
        write_data(_document(pool, spec, seen), output)


def decision_of(status: DecisionStatus) -> Decision:
    """Return the decision that a status tells of; what it remembers is not part of the status."""
    terms = Terms(**{name: getattr(status.terms, name) for name in type(status.terms).model_fields})
    return Decision(
        desired=status.desired,
        unclamped=status.unclamped,
        binding=Binding(status.binding),
        terms=terms,
        memory=Memory(published=status.desired),
    )


def _undecided(pool: str, seen: PoolStatus) -> str:
    if wrong := troubles(seen):
        return f"{pool}: nothing is decided: {wrong[0].reason}: {wrong[0].message}"
    return f"{pool}: no decision yet; does an operator run that serves this namespace?"


def _lines(spec: PoolSpec, seen: PoolStatus) -> list[tuple[str, str]]:
    lines = account(decision_of(seen.decision), divisor=_divisor(spec))
    pods = seen.pods
    lines.append(("pods", f"{pods.ready} warm, {pods.warming} on their way, {pods.failed} cannot start"))
    if seen.startup.samples:
        start = f"half of them within {seen.startup.p50}, 95 % within {seen.startup.p95}"
        lines.append(("starts", f"{start} ({seen.startup.samples} measured, {seen.startup.failures} failed)"))
    if seen.schedule and seen.schedule.next:
        lines.append(("next", f"the bounds change at {seen.schedule.next}"))
    return lines


def _divisor(spec: PoolSpec) -> int:
    return max(1, spec.server.container_concurrency * spec.scaling.target_utilization_percent // 100)


def _print(pool: str, spec: PoolSpec, seen: PoolStatus) -> None:
    console = Console(highlight=False, markup=False)
    console.print(Text.assemble((pool, "bold"), f" has {seen.decision.message}"), soft_wrap=True)
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for term, text in _lines(spec, seen):
        grid.add_row(term, text)
    console.print(grid)
    for condition in troubles(seen):
        said = f": {condition.reason}: {condition.message}"
        console.print(Text.assemble((condition.type, "bold red"), said), soft_wrap=True)


def _document(pool: str, spec: PoolSpec, seen: PoolStatus) -> dict[str, Any]:
    return {
        "pool": pool,
        "desired": seen.decision.desired,
        "binding": seen.decision.binding,
        "message": seen.decision.message,
        "account": [{"term": term, "text": text} for term, text in _lines(spec, seen)],
        "terms": seen.decision.terms.to_wire(),
        "troubles": [
            {"type": each.type, "reason": each.reason, "message": each.message} for each in troubles(seen)
        ],
    }
