"""`warmpool simulate`: what a trace of traffic would have done to a pool, and how to size it."""

from pathlib import Path
from typing import Any

from warmpool_operator.api.memory import Memory
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.console import simulate_options as options
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.console.options import Output, OutputFormat
from warmpool_operator.console.render import parse, read_pools
from warmpool_operator.console.sizing_search import Found, Search
from warmpool_operator.console.sizing_table import document, print_table
from warmpool_operator.console.writing import write_data
from warmpool_operator.simulate.setup import Client, Measured, Route, Setup
from warmpool_operator.simulate.sizing import run_option
from warmpool_operator.simulate.traffic import TrafficError, arrivals_of
from warmpool_operator.simulate.wiring import Pod, wired

PICTURES = {".svg", ".png", ".pdf"}


def simulate(
    *,
    trace: options.Trace,
    pool: options.PoolFile,
    service_ms: options.ServiceTimes,
    startup_seconds: options.StartupTimes = None,
    deadline: options.Deadline = 10.0,
    attempts: options.Attempts = 1,
    errors: options.Errors = 0.1,
    faster: options.Faster = 1.0,
    route: options.By = Route.SERVICE,
    seeds: options.Seeds = 1,
    picture: options.Picture = None,
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
    client = Client(deadline_ms=round(deadline * 1000), max_attempts=attempts)
    served = durations(service_ms, unit_ms=1, option="--service-ms")
    server = _pod(spec, service=served, startup=_startups(body, startup_seconds))
    setup = _setup(_arrivals(trace, faster), spec, server, client=client, route=route)
    found = Search(spec=spec, setup=setup, seeds=range(1, seeds + 1)).run(error_percent=errors)
    if output is Output.TEXT:
        print_table(found, error_percent=errors)
    else:
        write_data(document(found), output)
    if picture is not None:
        _draw(found, spec, setup, picture)


def _draw(found: Found, spec: PoolSpec, setup: Setup, picture: Path) -> None:
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
    remembered = (body.get("status") or {}).get("memory") or {}
    try:
        measured = Memory.model_validate(remembered, extra="ignore").startups
    except ValueError:
        measured = []
    if not measured:
        raise ConsoleError(
            "how long a pod takes to start is not known: give --startup-seconds, or as --pool what"
            " `kubectl get wmp NAME -o yaml` prints after its first starts",
            Exit.USAGE,
        )
    return Measured(tuple(each.ms for each in measured))


def _arrivals(file: Path, faster: float) -> tuple[int, ...]:
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return arrivals_of(lines, faster=faster)
    except (OSError, UnicodeDecodeError) as error:
        raise ConsoleError(f"{file}: cannot be read: {error}", Exit.USAGE) from error
    except TrafficError as error:
        raise ConsoleError(f"{file}: {error}", Exit.USAGE) from error


def _pod(spec: PoolSpec, *, service: Measured, startup: Measured) -> Pod:
    server = spec.server
    return Pod(
        concurrency=server.container_concurrency,
        service=service,
        startup=startup,
        latency_target_ms=server.latency_target_ms,
        max_queue=server.max_queue,
    )


def _setup(arrivals_ms: tuple[int, ...], spec: PoolSpec, pod: Pod, *, client: Client, route: Route) -> Setup:
    end_ms, replicas = arrivals_ms[-1] + 1000, spec.scaling.min_replicas
    return wired(arrivals_ms, pod, end_ms=end_ms, replicas=replicas, client=client, route=route)
