"""From samples to demand, refusals above all."""

from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.capacity.demand import RATE_WINDOW_MS, Refusals, Sample, observe, refused_concurrency
from warmpool_operator.capacity.types import Memory, Observation


def sample(at_ms: int, rejected: int, *, service: int = 100, running: int = 0, queued: int = 0) -> Sample:
    return Sample(at_ms=at_ms, running=running, queued=queued, rejected=rejected, service_ms_mean=service)


def read(*samples: Sample) -> Refusals:
    refusals = Refusals()
    for each in samples:
        refusals = refusals.read(each)
    return refusals


def test_refusals_are_concurrency_by_littles_law() -> None:
    refusals = read(sample(0, 0), sample(500, 110), sample(1000, 220))
    assert refused_concurrency([(refusals, 100)]) == 22
    assert refused_concurrency([(read(sample(0, 0), sample(1000, 20_000)), 100)]) == 2000


def test_ingress_tries_divide() -> None:
    refusals = read(sample(0, 0), sample(1000, 220))
    assert refused_concurrency([(refusals, 100)], ingress_tries=2) == 11


def test_one_refusal_is_seen() -> None:
    assert refused_concurrency([(read(sample(0, 0), sample(500, 1)), 1)]) == 1


def test_small_shares_of_two_pods_add_up_before_rounding() -> None:
    each = read(sample(0, 0), sample(1000, 4))
    assert refused_concurrency([(each, 100), (each, 100)]) == 1


def test_first_reading_and_restarted_counter_mean_nothing() -> None:
    assert refused_concurrency([(read(sample(0, 500)), 100)]) == 0
    assert refused_concurrency([(read(sample(0, 500), sample(500, 3)), 100)]) == 0


def test_old_refusals_are_forgotten() -> None:
    refusals = read(sample(0, 0), sample(500, 300), *(sample(at, 300) for at in range(1000, 4000, 500)))
    assert refused_concurrency([(refusals, 100)]) == 0
    assert refusals.span_ms <= RATE_WINDOW_MS


def test_observation_sums_pods_and_keeps_the_oldest() -> None:
    busy = Sample(at_ms=0, running=4, queued=3, oldest_queued_ms=250)
    idle = Sample(at_ms=0, running=0, queued=0)
    seen = observe([(busy, Refusals()), (idle, Refusals())], silent=1, replicas=3)
    assert (seen.running, seen.queued, seen.oldest_queued_ms) == (4, 3, 250)
    assert (seen.answered, seen.silent, seen.replicas, seen.blind) == (2, 1, 3, False)


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 50)), max_size=50))
def test_a_rate_is_never_negative(steps: list[tuple[int, int]]) -> None:
    refusals, now, total = Refusals(), 0, 0
    for gap, more in steps:
        now, total = now + gap, total + more
        refusals = refusals.read(sample(now, total))
        assert refused_concurrency([(refusals, 100)]) >= 0


def test_refusals_are_averaged_over_two_seconds_and_not_a_moment_more() -> None:
    now = 1_700_000_000_000
    refusals = Refusals()
    for at_ms, rejected in ((now, 0), (now + 500, 3), (now + 2_000, 5)):
        refusals = refusals.read(Sample(at_ms=at_ms, running=0, queued=0, rejected=rejected))
    assert (refusals.span_ms, refusals.count) == (2_000, 5)
    refusals = refusals.read(Sample(at_ms=now + 2_001, running=0, queued=0, rejected=5))
    assert (refusals.span_ms, refusals.count) == (1_501, 2)


def test_two_readings_a_millisecond_apart_are_a_rate_already() -> None:
    refusals = Refusals(((0, 0), (1, 1)))
    assert refused_concurrency([(refusals, 1)]) == 1
    assert refused_concurrency([(Refusals(((5, 0),)), 1)]) == 0
    assert (Refusals().span_ms, Refusals().count) == (0, 0)


def test_what_is_not_said_is_nothing() -> None:
    sample = Sample(at_ms=1, running=2, queued=3)
    assert (sample.oldest_queued_ms, sample.accepted, sample.rejected, sample.service_ms_mean) == (0, 0, 0, 0)
    assert Observation() == Observation(
        running=0, queued=0, refused=0, held=0, oldest_queued_ms=0, answered=0, silent=0, replicas=0
    )
    assert Memory(published=1) == Memory(published=1, window=(), step_started_ms=0, step_removed=0)
    seen = observe([], silent=0, replicas=0)
    assert seen == Observation()


def test_an_ingress_asks_one_pod_unless_it_is_said() -> None:
    refusals = read(sample(0, 0), sample(1000, 220))
    assert observe([(sample(1000, 220), refusals)], silent=0, replicas=1).refused == 22
