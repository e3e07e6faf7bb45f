"""Decisions of the past, made again from the operator's record: as they were, or as with another spec."""

import asyncio
import copy
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

import yaml
from pydantic import ValidationError

from warmpool_operator.api import names
from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.record import Chunk, Replayed, replay, what_if
from warmpool_operator.capacity.record_wire import RecordError, from_wire
from warmpool_operator.console.cluster import USER_AGENT, Target
from warmpool_operator.console.exits import ConsoleError, Exit
from warmpool_operator.desired.pool import Manifest
from warmpool_operator.reconcile.records import RECORD_PAGE
from warmpool_operator.reconcile.times import rfc3339
from warmpool_operator.runtime.connect import connect
from warmpool_operator.runtime.errors import NotFound
from warmpool_operator.runtime.resources import PODS, ObjectRef

OPERATOR_PODS: Final = f"{names.LABEL_NAME}={names.APP}"
METRICS_PORT: Final = "metrics"
CONCURRENCY: Final = "server.containerConcurrency"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One decision of the past.

    Attributes:
        chunk: the part of the record that it is in.
        was: as it was made.
        would: as the changed spec would have made it, None without changes.
        exact: whether every recorded decision up to it came out again as recorded.
    """

    chunk: Chunk
    was: Replayed
    would: Replayed | None
    exact: bool


def milliseconds(text: str, *, now: datetime) -> int:
    """Return the moment that a person means: RFC 3339, or a time of today such as 09:03.

    Raises:
        ConsoleError: neither.
    """
    full = text if "T" in text else f"{now.date().isoformat()}T{text}"
    try:
        moment = datetime.fromisoformat(full)
    except ValueError:
        message = f"--at {text}: not a time; write 09:03, 09:03:30 or 2030-01-31T09:03:00Z"
        raise ConsoleError(message, Exit.USAGE) from None
    return round((moment if moment.tzinfo else moment.astimezone()).timestamp() * 1000)


def moment_of(chunks: Iterable[Chunk], at_ms: int, changes: Iterable[str]) -> Moment:
    """Return the decision in force at a time.

    Raises:
        ConsoleError: the record does not reach back so far, or a change that cannot be.
    """
    known = [chunk for chunk in chunks if chunk.ticks[0].inputs.now_ms <= at_ms]
    if not known:
        raise ConsoleError("the record does not reach back so far; it begins when the operator took the lead")
    made = list(takewhile(lambda each: each.tick.inputs.now_ms <= at_ms, replay(known)))
    scaling, concurrency = changed(known[-1], changes)
    would = None
    if (scaling, concurrency) != (known[-1].scaling, known[-1].concurrency):
        again = what_if(known, scaling, concurrency=concurrency)
        *_, would = takewhile(lambda each: each.tick.inputs.now_ms <= at_ms, again)
    return Moment(chunk=known[-1], was=made[-1], would=would, exact=all(each.exact for each in made))


def changed(chunk: Chunk, changes: Iterable[str]) -> tuple[Scaling, int]:
    """Return the rules of a chunk with changes such as `scaling.concurrencyBuffer=3`.

    Raises:
        ConsoleError: not a change, or rules that the API server would refuse.
    """
    wire, concurrency = copy.deepcopy(chunk.scaling.to_wire()), chunk.concurrency
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals or not (path.startswith("scaling.") or path == CONCURRENCY):
            message = f"--set {change}: write scaling.FIELD=VALUE or {CONCURRENCY}=VALUE"
            raise ConsoleError(message, Exit.USAGE)
        value = yaml.safe_load(text)
        if path == CONCURRENCY:
            concurrency = int(value)
            continue
        _put(wire, path.split(".")[1:], value)
    try:
        return Scaling.model_validate(wire), concurrency
    except ValidationError as error:
        lines = (f"scaling.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ConsoleError("; ".join(lines), Exit.USAGE) from error


def _put(wire: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        wire = wire.setdefault(step, {})
    wire[steps[-1]] = value


def read_record(target: Target, pool: str, *, operator_namespace: str, until_ms: int) -> list[Chunk]:
    """Return the record of a pool up to a time, from whichever replica of the operator has it.

    Raises:
        ConsoleError: none has, or it is of another version.
        KubeError: the cluster cannot be reached, or refuses.
    """

    async def read() -> dict[str, Any] | None:
        client = await connect(kubeconfig=target.kubeconfig, context=target.context, user_agent=USER_AGENT)
        try:
            for pod in await client.list(PODS, operator_namespace, labels=OPERATOR_PODS):
                if (port := _metrics_port(pod)) is None:
                    continue  # not the operator, though it has its label
                ref = ObjectRef(PODS, operator_namespace, f"{pod['metadata']['name']}:{port}")
                try:
                    path = f"{RECORD_PAGE}/{target.home}/{pool}"
                    return await client.through_proxy(ref, path, {"until": str(until_ms)})
                except NotFound:
                    continue  # a standby, or one that serves other namespaces
            return None
        finally:
            await client.close()

    document = asyncio.run(read())
    if document is None:
        message = f"no operator in namespace {operator_namespace} has a record of {target.home}/{pool};"
        raise ConsoleError(f"{message} --operator-namespace names another")
    try:
        return from_wire(document)
    except RecordError as error:
        raise ConsoleError(f"{error}; use the warmpool of the operator's version") from error


def _metrics_port(pod: Manifest) -> int | None:
    """Return the number of the port of metrics: the API server's proxy takes no names of ports of pods."""
    ports = (port for container in pod["spec"]["containers"] for port in container.get("ports") or [])
    return next((int(port["containerPort"]) for port in ports if port.get("name") == METRICS_PORT), None)


def title(made: Replayed) -> str:
    """Return when a decision was made, as the status writes times."""
    return rfc3339(made.tick.inputs.now_ms)
