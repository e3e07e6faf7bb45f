"""What became of every request, and what that says about server and client."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

DEADLINE = "deadline"
"""Error of a request that was not answered in time."""
CONNECTION = "connection"
"""Error of a request whose connection failed or broke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request. Times are seconds after the start of the run.

    Attributes:
        intended: when it was to be sent.
        sent: when its first attempt was sent.
        finished: when its last attempt ended.
        status: HTTP status of the last attempt; 0 without an answer.
        attempts: how often it was sent.
        tokens: approximate length of its text.
        error: `deadline`, `connection`, or empty.
        retry_after: seconds that the server asked to wait, with its last answer.
    """

    intended: float
    sent: float
    finished: float
    status: int
    attempts: int = 1
    tokens: int = 0
    error: str = ""
    retry_after: float | None = None

    @property
    def latency(self) -> float:
        """Seconds from the intended moment to the end: what a person would have waited."""
        return self.finished - self.intended

    @property
    def lag(self) -> float:
        """Seconds by which the client itself was late."""
        return self.sent - self.intended

    @property
    def answered(self) -> bool:
        """Whether the request got what it asked for."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the server said, in time and in order, that it has too much to do."""
        return self.status in {429, 503}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run in numbers. Latencies are of answered requests, in seconds; None where there is none."""

    requests: int
    answered: int
    refused: int
    failed: int
    statuses: dict[str, int]
    retries: int
    latency_p50: float | None
    latency_p99: float | None
    lag_p99: float
    fell_behind: bool


def summarize(records: Sequence[Record], *, lag_allowed: float = 0.05) -> Summary:
    """Return a run in numbers.

    Args:
        records: of the run.
        lag_allowed: seconds of send lag at the 99th percentile, above which the client fell behind: then its
            latencies speak of the client.
    """
    good = [record.latency for record in records if record.answered]
    refused = sum(record.refused for record in records)
    lag = percentile([record.lag for record in records], 99) or 0.0
    return Summary(
        requests=len(records),
        answered=len(good),
        refused=refused,
        failed=len(records) - len(good) - refused,
        statuses=dict(sorted(Counter(record.error or str(record.status) for record in records).items())),
        retries=sum(record.attempts - 1 for record in records),
        latency_p50=percentile(good, 50),
        latency_p99=percentile(good, 99),
        lag_p99=lag,
        fell_behind=lag > lag_allowed,
    )


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Return the nearest-rank percentile: a value that really occurred; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def write_jsonl(records: Iterable[Record], file: TextIO) -> None:
    """Write one JSON object per request, in the order given."""
    file.writelines(json.dumps(asdict(record)) + "\n" for record in records)
