"""The record as JSON and back. Integers stay integers, so nothing is lost on the way.

A tick is a list of numbers, since an hour has 7200 of them; its binding is a position in the list that stands at
the head of the document, so that a reader of another version is told rather than misled.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.policy import PolicyMemory
from warmpool_operator.capacity.record import Chunk, Tick
from warmpool_operator.capacity.schedule import FrozenLead
from warmpool_operator.capacity.step import Inputs, Recall
from warmpool_operator.capacity.threshold import ThresholdState
from warmpool_operator.capacity.types import Binding, Bucket, Memory, Observation

VERSION = 1
SEEN = ("running", "queued", "refused", "held", "oldest_queued_ms", "answered", "silent", "replicas")


class RecordError(ValueError):
    """The document is not a record that this version reads."""


def to_wire(chunks: Iterable[Chunk]) -> dict[str, Any]:
    """Return chunks as a JSON document."""
    return {"v": VERSION, "bindings": list(Binding), "chunks": [_chunk(chunk) for chunk in chunks]}


def from_wire(document: Mapping[str, Any]) -> list[Chunk]:
    """Return the chunks of a document.

    Raises:
        RecordError: another version, or not a record.
    """
    if document.get("v") != VERSION:
        raise RecordError(f"record version {document.get('v')!r}, this program reads {VERSION}")
    try:
        bindings = [Binding(name) for name in document["bindings"]]
        return [_chunk_from(each, bindings) for each in document["chunks"]]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RecordError(f"not a record: {error}") from error


def _chunk(chunk: Chunk) -> dict[str, Any]:
    memory, policy = chunk.recall.memory, chunk.recall.policy
    return {
        "scaling": chunk.scaling.to_wire(),
        "concurrency": chunk.concurrency,
        "memory": None
        if memory is None
        else {
            "published": memory.published,
            "window": [[bucket.at_ms, bucket.target] for bucket in memory.window],
            "step": [memory.step_started_ms, memory.step_removed],
        },
        "leads": [[lead.name, lead.start_ms, lead.lead_ms] for lead in policy.leads],
        "thresholds": [[each.name, each.holds, each.counted_ms, each.at_ms] for each in policy.thresholds],
        "ticks": [_tick(tick) for tick in chunk.ticks],
    }


def _tick(tick: Tick) -> list[int | None]:
    given = tick.inputs
    return [
        given.now_ms,
        *(getattr(given.seen, name) for name in SEEN),
        given.per_minute,
        given.auto_lead_ms,
        given.namespace_ceiling,
        tick.desired,
        list(Binding).index(tick.binding),
    ]


def _chunk_from(raw: Mapping[str, Any], bindings: list[Binding]) -> Chunk:
    memory = raw["memory"]
    recall = Recall(
        memory=None
        if memory is None
        else Memory(
            published=memory["published"],
            window=tuple(Bucket(at_ms, target) for at_ms, target in memory["window"]),
            step_started_ms=memory["step"][0],
            step_removed=memory["step"][1],
        ),
        policy=PolicyMemory(
            leads=tuple(
                FrozenLead(name=name, start_ms=start, lead_ms=lead) for name, start, lead in raw["leads"]
            ),
            thresholds=tuple(
                ThresholdState(name=name, holds=holds, counted_ms=counted, at_ms=at)
                for name, holds, counted, at in raw["thresholds"]
            ),
        ),
    )
    return Chunk(
        scaling=Scaling.model_validate(raw["scaling"]),
        concurrency=raw["concurrency"],
        recall=recall,
        ticks=[_tick_from(each, bindings) for each in raw["ticks"]],
    )


def _tick_from(raw: list[int], bindings: list[Binding]) -> Tick:
    now_ms, *rest = raw
    seen, (per_minute, lead, ceiling, desired, binding) = rest[: len(SEEN)], rest[len(SEEN) :]
    inputs = Inputs(
        now_ms=now_ms,
        seen=Observation(**dict(zip(SEEN, seen, strict=True))),
        per_minute=per_minute,
        auto_lead_ms=lead,
        namespace_ceiling=ceiling,
    )
    return Tick(inputs, desired, bindings[binding])
