"""What holds for any traffic, server, route and autoscaler."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.simulate.autoscalers.fixed import Fixed
from warmpool_operator.simulate.autoscalers.hpa import CpuMetric, Hpa, InFlightMetric
from warmpool_operator.simulate.autoscalers.knative import Knative
from warmpool_operator.simulate.autoscalers.warmpool import Warmpool
from warmpool_operator.simulate.outcome import Outcome
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Client, Cluster, Measured, Route, Server, Setup
from warmpool_operator.simulate.workload import Autoscaler

CEILING = 6
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _spec(floor: int, buffer: int, keep_alive: int) -> PoolSpec:
    scaling = {
        "minReplicas": floor,
        "maxReplicas": CEILING,
        "concurrencyBuffer": buffer,
        "keepAliveSeconds": keep_alive,
    }
    return PoolSpec.model_validate(
        {
            "model": {"name": "fake", "source": {"baked": {}}},
            "server": {"image": "any", "containerConcurrency": 2},
            "scaling": scaling,
        }
    )


autoscalers: st.SearchStrategy[Callable[[], Autoscaler]] = st.one_of(
    st.builds(
        lambda *rule: lambda: Warmpool(_spec(*rule)),
        st.integers(1, 3),
        st.integers(0, 3),
        st.sampled_from([0, 5]),
    ),
    st.just(lambda: Hpa(CpuMetric(50), floor=1, ceiling=CEILING)),
    st.just(lambda: Hpa(InFlightMetric(1.4), floor=1, ceiling=CEILING)),
    st.just(lambda: Knative(floor=1, ceiling=CEILING, concurrency=2)),
    st.builds(
        lambda changes: lambda: Fixed(1, sorted(changes)),
        st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, CEILING)), max_size=5),
    ),
)
durations = st.lists(st.integers(1, 3_000), min_size=1, max_size=4).map(lambda each: Measured(tuple(each)))
setups = st.builds(
    lambda arrivals, replicas, client, server, cluster: Setup(
        arrivals_ms=sorted(arrivals),
        end_ms=40_000,
        replicas=replicas,
        client=client,
        server=server,
        cluster=cluster,
    ),
    st.lists(st.integers(0, 30_000), max_size=150),
    st.integers(0, 3),
    st.builds(Client, deadline_ms=st.integers(1, 8_000), max_attempts=st.integers(1, 5)),
    st.builds(
        Server, concurrency=st.just(2), service=durations, queue=st.one_of(st.none(), st.integers(0, 4))
    ),
    st.builds(
        Cluster,
        startup=durations,
        termination_ms=st.sampled_from([0, 5_000]),
        route=st.sampled_from(list(Route)),
    ),
)


@quick
@given(setups, autoscalers, st.integers(0, 3))
def test_every_request_ends_once_within_its_deadline(
    setup: Setup, make: Callable[[], Autoscaler], seed: int
) -> None:
    outcome = simulate(setup, make(), seed=seed)
    assert [request.intended_ms for request in outcome.requests] == list(setup.arrivals_ms)
    for request in outcome.requests:
        took = request.finished_ms - request.intended_ms
        assert 0 <= took <= setup.client.deadline_ms
        assert request.status in {200, 429, 503, 0}
        assert 1 <= request.attempts <= setup.client.max_attempts
        if request.status == 200:
            assert took >= min(setup.server.service.values_ms)


@quick
@given(setups, autoscalers, st.integers(0, 3))
def test_no_pod_second_is_lost(setup: Setup, make: Callable[[], Autoscaler], seed: int) -> None:
    outcome = simulate(setup, make(), seed=seed)
    for pod in outcome.pods:
        assert pod.ready_ms == -1 or pod.ready_ms >= pod.scheduled_ms
        assert pod.gone_ms == -1 or pod.gone_ms >= pod.scheduled_ms + setup.cluster.termination_ms
    # The number of pods, looked at from outside each second, adds up to the lives of the pods.
    at = [moment.at_ms for moment in outcome.moments]
    assert at == list(range(0, setup.end_ms + 1, 1000))
    for moment in outcome.moments:
        # A pod that comes or goes at the very moment may be counted or not: order within a moment is no matter.
        after = sum(
            p.scheduled_ms < moment.at_ms and not 0 <= p.gone_ms <= moment.at_ms for p in outcome.pods
        )
        before = sum(
            p.scheduled_ms <= moment.at_ms and not 0 <= p.gone_ms < moment.at_ms for p in outcome.pods
        )
        assert after <= moment.pods <= before


@quick
@given(setups, autoscalers, st.integers(0, 3))
def test_the_same_seed_gives_the_same_run(setup: Setup, make: Callable[[], Autoscaler], seed: int) -> None:
    assert _all(simulate(setup, make(), seed=seed)) == _all(simulate(setup, make(), seed=seed))


@quick
@given(setups, autoscalers, st.integers(0, 3))
def test_work_is_conserved(setup: Setup, make: Callable[[], Autoscaler], seed: int) -> None:
    """No more is answered than warm pods have time for."""
    outcome = simulate(setup, make(), seed=seed)
    answered = sum(request.status == 200 for request in outcome.requests)
    least = min(setup.server.service.values_ms)
    end = max([request.finished_ms for request in outcome.requests], default=0)
    warm_ms = sum(
        max(0, (end if pod.gone_ms < 0 else pod.gone_ms) - pod.ready_ms)
        for pod in outcome.pods
        if pod.ready_ms >= 0
    )
    assert answered * least <= warm_ms * setup.server.concurrency


def _all(outcome: Outcome) -> tuple[object, ...]:
    ends = [(each.status, each.finished_ms, each.attempts) for each in outcome.requests]
    return ends, list(outcome.pods), list(outcome.moments)
