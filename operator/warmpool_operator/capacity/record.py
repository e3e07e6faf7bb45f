"""The record of a pool's decisions: what each took in, so that any of them can be made again, bit by bit.

A chunk holds the memory that its first step began with and the inputs of every step; the memories in between
follow by computing them again. So a tick costs little: its observation is shared with the tick before where they
are equal. The ring drops whole chunks, oldest first. `what if` is the same computation with another spec, from
as far back as the record goes, because keepAlive makes a decision depend on what was asked for before.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from warmpool_operator.api.scaling import Scaling
from warmpool_operator.capacity.policy import Effective
from warmpool_operator.capacity.step import Inputs, Recall, step
from warmpool_operator.capacity.types import Binding, Decision

CHUNK_TICKS = 256
MAX_TICKS = 10_000
"""83 minutes at two ticks a second; at most about 3 MB of a pool whose load changes on every tick."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One step as recorded: what it took in and what came out."""

    inputs: Inputs
    desired: int
    binding: Binding


@dataclass(kw_only=True)
class Chunk:
    """Steps that follow one another under one spec.

    Attributes:
        scaling: the spec.
        concurrency: requests that one pod computes at once.
        recall: what the first step knew.
        ticks: the steps.
    """

    scaling: Scaling
    concurrency: int
    recall: Recall
    ticks: list[Tick] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One step made again."""

    tick: Tick
    rules: Effective
    decision: Decision

    @property
    def exact(self) -> bool:
        """Whether it came out as it was recorded."""
        return (self.decision.desired, self.decision.binding) == (self.tick.desired, self.tick.binding)


class Record:
    """A bounded ring of chunks.

    Args:
        limit: ticks to keep; a chunk more may be there.
    """

    def __init__(self, limit: int = MAX_TICKS) -> None:
        self._limit = limit
        self._chunks: deque[Chunk] = deque()
        self._ticks = 0
        self._next: Recall | None = None

    def add(
        self,
        scaling: Scaling,
        inputs: Inputs,
        recall: Recall,
        made: tuple[Effective, Decision],
        *,
        concurrency: int,
    ) -> None:
        """Record one step."""
        rules, decision = made
        chunk = self._chunks[-1] if self._chunks else None
        if chunk is None or not self._continues(chunk, scaling, recall, concurrency):
            chunk = Chunk(scaling=scaling, concurrency=concurrency, recall=recall)
            self._chunks.append(chunk)
        elif chunk.ticks[-1].inputs.seen == inputs.seen:
            inputs = replace(inputs, seen=chunk.ticks[-1].inputs.seen)
        chunk.ticks.append(Tick(inputs, decision.desired, decision.binding))
        self._next = Recall(memory=decision.memory, policy=rules.memory)
        self._ticks += 1
        while self._ticks - len(self._chunks[0].ticks) >= self._limit:
            self._ticks -= len(self._chunks.popleft().ticks)

    def _continues(self, chunk: Chunk, scaling: Scaling, recall: Recall, concurrency: int) -> bool:
        return (
            len(chunk.ticks) < CHUNK_TICKS
            and chunk.concurrency == concurrency
            and recall == self._next
            and (chunk.scaling is scaling or chunk.scaling == scaling)
        )

    def chunks(self, *, since_ms: int = 0, until_ms: int | None = None) -> list[Chunk]:
        """Return the chunks with a tick in [since, until], oldest first."""
        return [
            chunk
            for chunk in self._chunks
            if chunk.ticks[-1].inputs.now_ms >= since_ms
            and (until_ms is None or chunk.ticks[0].inputs.now_ms <= until_ms)
        ]


def replay(chunks: Iterable[Chunk]) -> Iterator[Replayed]:
    """Make every recorded step again, each chunk from the memory that it was recorded with."""
    for chunk in chunks:
        yield from _run(chunk.ticks, chunk.scaling, chunk.recall, concurrency=chunk.concurrency)


def what_if(chunks: Iterable[Chunk], scaling: Scaling, *, concurrency: int) -> Iterator[Replayed]:
    """Make the recorded steps under another spec, each with the memory that the one before left."""
    recall: Recall | None = None
    for chunk in chunks:
        for made in _run(chunk.ticks, scaling, recall or chunk.recall, concurrency=concurrency):
            recall = Recall(memory=made.decision.memory, policy=made.rules.memory)
            yield made


def _run(ticks: Iterable[Tick], scaling: Scaling, recall: Recall, *, concurrency: int) -> Iterator[Replayed]:
    for tick in ticks:
        rules, decision = step(scaling, tick.inputs, recall, concurrency=concurrency)
        recall = Recall(memory=decision.memory, policy=rules.memory)
        yield Replayed(tick=tick, rules=rules, decision=decision)
