"""`warmpool simulate`: what a trace of traffic would have done to a pool, and how to size it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.console.options import Output, OutputFormat
from warmpool_operator.console.render import parse, read_pools
from warmpool_operator.console.sizing_search import Search
from warmpool_operator.console.sizing_table import document, print_table
from warmpool_operator.console.writing import write_data
from warmpool_operator.simulate.setup import (
    ROUTING,
    Client,
    Cluster,
    Measured,
    Route,
    Server,
    Setup,
    bounded_queue,
)
from warmpool_operator.simulate.sizing import run_option
from warmpool_operator.simulate.traffic import TrafficError, arrivals_of

PICTURES = {".svg", ".png", ".pdf"}


def simulate(
    *,
    trace: Annotated[
        Path, typer.Option("--trace", metavar="FILE", help="CSV with the column arrived_at, in seconds.")
    ],
    pool: Annotated[
        str,
        typer.Option(
            "--pool", metavar="FILE", help="The pool as YAML; with a status, its start-ups are used."
        ),
    ],
    service_ms: Annotated[
        str, typer.Option("--service-ms", metavar="N[,N…]", help="Time of one request, or times as measured.")
    ],
    startup_seconds: Annotated[
        str | None,
        typer.Option(
            "--startup-seconds", metavar="N[,N…]", help="Start of one pod, if the pool's status has none."
        ),
    ] = None,
    deadline: Annotated[
        float, typer.Option("--deadline", min=0.001, help="Seconds that a client waits.")
    ] = 10.0,
    attempts: Annotated[
        int, typer.Option("--attempts", min=1, help="Tries of a client that is refused.")
    ] = 1,
    errors: Annotated[float, typer.Option("--errors", min=0, help="Errors allowed, in percent.")] = 0.1,
    faster: Annotated[
        float, typer.Option("--faster", min=0.001, help="Replay the trace so many times faster.")
    ] = 1.0,
    route: Annotated[Route, typer.Option("--route", help="How requests find pods.")] = Route.SERVICE,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=20, help="Runs of each option.")] = 1,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw it: .svg, .png or .pdf.")
    ] = None,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Replay recorded traffic through the operator's own decision, and recommend floor, buffer and keepAlive.

    Every option runs in a simulator, beside models of a static pool, HPA on CPU, KEDA and Knative. Times on the
    wire and the cost of refusing are left out.
    """
    if picture is not None and picture.suffix not in PICTURES:
        raise ConsoleError(f"{picture}: a picture ends in {', '.join(sorted(PICTURES))}", Exit.USAGE)
    body = read_pools(pool)[0]
    spec = parse(body, namespace=None, source=pool).spec
    setup = _setup(
        spec,
        arrivals_ms=_arrivals(trace, faster),
        service=durations(service_ms, unit_ms=1, option="--service-ms"),
        startup=_startups(body, startup_seconds),
        client=Client(deadline_ms=round(deadline * 1000), max_attempts=attempts),
        route=route,
    )
    found = Search(spec=spec, setup=setup, seeds=range(1, seeds + 1)).run(error_percent=errors)
    if output is Output.TEXT:
        print_table(found, error_percent=errors)
    else:
        write_data(document(found), output)
    if picture is not None:
        # Imported late: drawing costs a second that a table need not pay.
        from warmpool_operator.console.sizing_picture import draw

        draw(found, run_option(spec, setup, (found.best or found.own).option, seed=1), picture)


def durations(text: str, *, unit_ms: int, option: str) -> Measured:
    """Return durations from a list of numbers.

    Raises:
        ConsoleError: one is no number, or negative.
    """
    try:
        return Measured(tuple(round(float(word) * unit_ms) for word in text.split(",")))
    except (ValueError, OverflowError) as error:
        raise ConsoleError(
            f"{option} {text!r}: numbers of at least 0, with commas between", Exit.USAGE
        ) from error


def _startups(body: dict[str, Any], text: str | None) -> Measured:
    if text is not None:
        return durations(text, unit_ms=1000, option="--startup-seconds")
    measured = ((body.get("status") or {}).get("memory") or {}).get("startupsMs") or []
    if not measured:
        raise ConsoleError(
            "how long a pod takes to start is not known: give --startup-seconds, or as --pool what"
            " `kubectl get wmp NAME -o yaml` prints after its first starts",
            Exit.USAGE,
        )
    return Measured(tuple(int(each) for each in measured))


def _arrivals(file: Path, faster: float) -> tuple[int, ...]:
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return arrivals_of(lines, faster=faster)
    except (OSError, UnicodeDecodeError) as error:
        raise ConsoleError(f"{file}: cannot be read: {error}", Exit.USAGE) from error
    except TrafficError as error:
        raise ConsoleError(f"{file}: {error}", Exit.USAGE) from error


def _setup(
    spec: PoolSpec,
    *,
    arrivals_ms: tuple[int, ...],
    service: Measured,
    startup: Measured,
    client: Client,
    route: Route,
) -> Setup:
    server = spec.server
    queue = bounded_queue(
        concurrency=server.container_concurrency,
        service_ms=service.mean_ms,
        latency_target_ms=server.latency_target_ms,
        cap=server.max_queue,
    )
    return Setup(
        arrivals_ms=arrivals_ms,
        end_ms=arrivals_ms[-1] + 1000,
        replicas=spec.scaling.min_replicas,
        client=client,
        server=Server(
            concurrency=server.container_concurrency,
            service=service,
            queue=queue,
            latency_target_ms=server.latency_target_ms,
        ),
        cluster=Cluster(startup=startup, routing=ROUTING[route], route=route),
    )
