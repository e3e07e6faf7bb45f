"""What thresholds watch: a rate of the last minute, and shares of slots that nobody can be sure of."""

from warmpool_operator.capacity.demand import Sample
from warmpool_operator.capacity.signals import Arrivals, Interval, signals
from warmpool_operator.capacity.types import Observation

NOW = 1_700_000_000_000


def sample(accepted: int, rejected: int = 0) -> Sample:
    return Sample(at_ms=NOW, running=0, queued=0, accepted=accepted, rejected=rejected)


def read(arrivals: Arrivals, at_ms: int, **accepted: int) -> Arrivals:
    samples = {pod: sample(count) for pod, count in accepted.items()}
    return arrivals.read(samples.items(), present=samples, now_ms=NOW + at_ms)


def test_history_has_one_entry_a_second_and_the_moment_that_moves_along() -> None:
    arrivals = Arrivals()
    for tick in range(6):
        arrivals = read(arrivals, tick * 500, a=tick)
    assert [at - NOW for at, _ in arrivals.steps] == [0, 1000, 2000, 2500]
    assert [count for _, count in arrivals.steps] == [0, 2, 4, 5]


def test_history_ends_after_a_minute() -> None:
    arrivals = Arrivals()
    for second in range(0, 75, 5):
        arrivals = read(arrivals, second * 1000, a=second)
    assert [arrivals.steps[0][0] - NOW, arrivals.steps[-1][0] - NOW] == [10_000, 70_000]
    assert arrivals.per_minute == 60


def test_a_rate_is_unknown_before_ten_seconds() -> None:
    arrivals = Arrivals()
    assert arrivals.per_minute is None
    arrivals = read(read(arrivals, 0, a=0), 9_999, a=100)
    assert arrivals.per_minute is None
    assert read(arrivals, 10_000, a=100).per_minute == 600
    assert read(arrivals, 10_000, a=100_000).per_minute == 600_000


def test_counters_that_fall_and_pods_that_go_count_for_nothing() -> None:
    arrivals = read(Arrivals(), 0, a=50, b=7)
    arrivals = read(arrivals, 10_000, a=53, b=2)
    assert arrivals.steps[-1][1] == 3, "b began anew"
    arrivals = read(arrivals, 20_000, b=4)
    assert (arrivals.steps[-1][1], set(arrivals.counters)) == (5, {"b"})
    rejected = arrivals.read([("b", sample(4, rejected=6))], present=["b"], now_ms=NOW + 30_000)
    assert rejected.steps[-1][1] == 11, "a refused request arrived as well"
    silent = arrivals.read([], present=["b"], now_ms=NOW + 30_000)
    assert silent.counters == {"b": 4}, "a pod that does not answer is still there"


def test_silent_pods_widen_every_signal() -> None:
    seen = Observation(running=3, queued=2, answered=2, silent=1)
    assert signals(seen, 90, concurrency=4) == {
        "inFlight": Interval(3, 7),
        "utilization": Interval(25, 59),
        "queue": Interval(2, None),
        "requestsPerMinute": Interval(90, None),
    }
    known = signals(Observation(running=3, queued=2, answered=2), 90, concurrency=4)
    assert known["utilization"] == Interval(37, 38)
    assert (known["queue"], known["requestsPerMinute"]) == (Interval(2, 2), Interval(90, 90))
    full = signals(Observation(running=8, answered=2), None, concurrency=4)
    assert full["utilization"] == Interval(100, 100)
    nobody = signals(Observation(), None, concurrency=4)
    assert nobody["utilization"] == nobody["requestsPerMinute"] == Interval(0, None)
