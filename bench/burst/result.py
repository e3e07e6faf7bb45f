"""One run, real or simulated, and the file that real ones are appended to, so that a benchmark can be resumed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal

from bench.burst.usage import Reading
from bench.load.record import percentile

RUNS = Path(__file__).parents[1] / "results" / "burst-runs.jsonl"
MAX_CPU_PERCENT = 70.0
HEALTHY_PERCENT = 1.0
"""A second with more errors than this is not healthy."""
Kind = Literal["real", "simulated"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One request, in seconds after the start; latency None: no 200 within the deadline."""

    intended: float
    latency: float | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run.

    Attributes:
        kind: real or simulated.
        scenario: what was sent.
        system: what scaled.
        seed: of the traffic.
        route: how requests reached pods.
        requests: sent.
        errors: without a 200 within the deadline.
        p99_s: of the answered ones, from the intended moment.
        steady_p99_s: the same before the load changes.
        pod_seconds: from scheduled to gone, within the run.
        time_to_healthy_s: from the change until the last second with more than 1 % errors has passed.
        startups_s: of pods that were created within the run.
        statuses: answers by status or error.
        cpu_percent: mean of the host.
        own_cpu_percent: what pods, cluster and client used of it, where others used the machine too and came
            second (`shared.FirstInLine`); None on a machine of its own.
        lag_p99_s: by which the client was late.
        offered: requests per second, one number per second.
        failed: errors per second, by the moment at which they were to be sent.
        ready: serving pods, one number per second.
        pods: pods that exist, one number per second.
        usage: what metrics-server read of the pods.
        commit: of what was measured.
        date: of the run.
    """

    kind: Kind
    scenario: str
    system: str
    seed: int
    route: str
    requests: int
    errors: int
    p99_s: float | None
    steady_p99_s: float | None
    pod_seconds: float
    time_to_healthy_s: float
    startups_s: Sequence[float] = ()
    statuses: dict[str, int] = field(default_factory=dict)
    cpu_percent: float = 0.0
    own_cpu_percent: float | None = None
    lag_p99_s: float = 0.0
    offered: Sequence[int] = ()
    failed: Sequence[int] = ()
    ready: Sequence[int] = ()
    pods: Sequence[int] = ()
    usage: Sequence[Reading] = ()
    commit: str = ""
    date: str = ""

    @property
    def error_percent(self) -> float:
        """Errors of all requests."""
        return 100 * self.errors / self.requests if self.requests else 0.0

    @property
    def pod_seconds_per_1000(self) -> float:
        """What a thousand answered requests cost."""
        answered = self.requests - self.errors
        return 1000 * self.pod_seconds / answered if answered else 0.0

    @property
    def void(self) -> str:
        """Why the run does not count, or nothing."""
        busy = self.cpu_percent if self.own_cpu_percent is None else self.own_cpu_percent
        if busy > MAX_CPU_PERCENT:
            return f"the CPU was {busy:.0f} % busy"
        return f"the client was {self.lag_p99_s:.2f} s late" if self.lag_p99_s > 0.05 else ""


def tail(answers: Iterable[Answer], *, before: float = float("inf")) -> float | None:
    """Return the 99th percentile of the answered requests' latency."""
    good = [each.latency for each in answers if each.latency is not None and each.intended < before]
    return percentile(good, 99)


def per_second(moments: Iterable[float], seconds: float) -> list[int]:
    """Count moments in each second of a run."""
    counts = [0] * int(seconds)
    for at in moments:
        counts[min(int(at), len(counts) - 1)] += 1
    return counts


def time_to_healthy(offered: Sequence[int], failed: Sequence[int], since: float) -> float:
    """Return the seconds from a change until the last second that is not healthy has passed; 0 if none is."""
    bad = [
        second
        for second, (sent, wrong) in enumerate(zip(offered, failed, strict=True))
        if second >= int(since) and 100 * wrong > HEALTHY_PERCENT * sent
    ]
    return max(bad) + 1 - since if bad else 0.0


def append(result: Result, file: Path = RUNS) -> None:
    """Add a run to the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(result)) + "\n")


def read_all(file: Path = RUNS) -> list[Result]:
    """Return the runs in the file, oldest first; what this version does not know is left aside."""
    if not file.exists():
        return []
    known = {each.name for each in fields(Result)}
    decoded = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return [Result(**{key: value for key, value in each.items() if key in known}) for each in decoded]
