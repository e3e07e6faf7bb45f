"""What travels through the queue: a request with its texts, and the counts that are read from outside."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from warmpool_serving.admission import Backlog
from warmpool_serving.engines.base import Encoded
from warmpool_serving.names import Outcome

_ids = itertools.count()


@dataclass(slots=True, eq=False)
class Job:
    """One request: its texts, and where its vectors go.

    ``done`` is called once, from a worker or from whoever stops the job, with the outcome, under the batcher's
    lock: it must not call the batcher;
    ``deadline`` and all other times are seconds of the batcher's clock; ``forecast`` is how many
    seconds it was expected to take.
    """

    texts: Sequence[Encoded]
    done: Callable[["Job", Outcome], None]
    arrived: float
    deadline: float | None = None
    forecast: float = 0.0
    vectors: list[bytes] = field(default_factory=list)
    tokens: int = 0
    started: float | None = None
    finished: float | None = None
    error: BaseException | None = None
    missing: int = 0
    computing: int = 0
    over: Outcome | None = None
    number: int = field(default_factory=lambda: next(_ids))

    def __post_init__(self) -> None:
        self.tokens = sum(len(text) for text in self.texts)
        self.missing = len(self.texts)
        self.vectors = [b""] * len(self.texts)


@dataclass(slots=True, eq=False)
class Item:
    """One text of a request, as the batch policy sees it."""

    job: Job
    index: int
    tokens: int

    @property
    def arrived(self) -> float:
        """When the request came."""
        return self.job.arrived

    @property
    def request(self) -> int:
        """Which request it is."""
        return self.job.number

    @property
    def fresh(self) -> bool:
        """No text of the request has been taken."""
        return self.job.started is None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is in the process at one moment; ``oldest`` is seconds the oldest queued request waits."""

    running: int
    queued: int
    queued_tokens: int
    running_tokens: int
    oldest: float

    @property
    def backlog(self) -> Backlog:
        """The part that admission looks at."""
        return Backlog(
            running=self.running, queued=self.queued, tokens=self.queued_tokens + self.running_tokens
        )


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One computed batch: texts, tokens with and without padding, seconds."""

    size: int
    tokens: int
    padded_tokens: int
    seconds: float
