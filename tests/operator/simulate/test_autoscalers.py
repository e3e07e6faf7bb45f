"""Warmpool and the models of its rivals on a step of ten times the load."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.simulate.autoscalers.hpa import CpuMetric, Hpa, InFlightMetric
from warmpool_operator.simulate.autoscalers.knative import Knative
from warmpool_operator.simulate.autoscalers.warmpool import Warmpool
from warmpool_operator.simulate.outcome import Outcome
from warmpool_operator.simulate.rivals import RIVALS, Bounds, run_oracle, run_rival
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Cpu, Route, Setup

MakeSetup = Callable[..., Setup]
MakeSpec = Callable[..., PoolSpec]
BOUNDS = Bounds(floor=2, ceiling=12)


def desired(outcome: Outcome) -> list[int]:
    return [moment.desired for moment in outcome.moments]


def test_warmpool_asks_for_everything_within_two_ticks(
    make_setup: MakeSetup, make_spec: MakeSpec, step: list[int]
) -> None:
    outcome = simulate(make_setup(step), Warmpool(make_spec()), seed=1)
    assert desired(outcome)[:30] == [2] * 30
    assert desired(outcome)[33] >= 6, "3 s later"
    scheduled = [pod.scheduled_ms for pod in outcome.pods if pod.scheduled_ms > 0]
    assert min(scheduled) <= 31_000


def test_a_buffer_of_what_comes_leaves_no_error(
    make_setup: MakeSetup, make_spec: MakeSpec, step: list[int]
) -> None:
    setup = make_setup(step, replicas=8, route=Route.INGRESS)
    outcome = simulate(setup, Warmpool(make_spec(concurrencyBuffer=7)), seed=1)
    assert outcome.error_percent < 0.1
    calm = outcome.latency_s(99, before_ms=30_000)
    assert calm is not None
    assert (outcome.latency_s(99) or 9) <= 2 * calm


def test_without_a_buffer_it_comes_close_to_who_knows_at_once(
    make_setup: MakeSetup, make_spec: MakeSpec, step: list[int]
) -> None:
    setup = make_setup(step, route=Route.INGRESS)
    ours = simulate(setup, Warmpool(make_spec()), seed=1)
    bound = run_oracle(setup, replicas=2, changes=[(30_000, 12)], seed=1)
    assert bound.error_percent <= ours.error_percent <= 1.3 * bound.error_percent


def test_a_pool_shrinks_by_retiring_without_an_error(make_setup: MakeSetup, make_spec: MakeSpec) -> None:
    busy = [round(1000 * number / 60) for number in range(60 * 30)]
    calm = [30_000 + 250 * number for number in range(360)]
    outcome = simulate(
        make_setup(busy + calm, replicas=7, route=Route.INGRESS, seconds=120),
        Warmpool(make_spec(keepAliveSeconds=20)),
        seed=1,
    )
    assert outcome.errors == 0
    assert outcome.moments[-1].pods == 2
    assert outcome.moments[49].pods >= 5, "demand of the last 20 s is kept for"


def test_a_schedule_has_its_pods_warm_at_its_start(make_setup: MakeSetup, make_spec: MakeSpec) -> None:
    window = {
        "name": "noon",
        "start": "1 0 * * *",
        "timeZone": "UTC",
        "durationSeconds": 600,
        "minReplicas": 9,
        "lead": 15,
    }
    outcome = simulate(make_setup(seconds=90), Warmpool(make_spec(schedules=[window])), seed=1)
    assert [outcome.moments[second].ready for second in (40, 59, 60)] == [2, 9, 9]
    assert outcome.moments[44].pods == 2


def test_hpa_doubles_at_its_syncs(make_setup: MakeSetup, step: list[int]) -> None:
    """Utilization of a pod ends at 100 %, so at a target of 50 % each reading can only double the pods."""
    outcome = simulate(
        make_setup(step, queue=None), Hpa(CpuMetric(50), floor=2, ceiling=12, phase_ms=7_000), seed=1
    )
    assert sorted(set(desired(outcome))) == [2, 4, 8]
    grown = next(moment.at_ms for moment in outcome.moments if moment.desired > 2)
    assert 30_000 < grown <= 60_000


def test_hpa_sees_more_than_full_pods_where_receiving_costs_too(
    make_setup: MakeSetup, step: list[int]
) -> None:
    """45 requests a second come to a pod that computes 13: 4 + 51 + 28 * 45 / 13.3 = 150 % of its request."""
    setup = make_setup(step, queue=None)
    setup = replace(setup, server=replace(setup.server, cpu=Cpu(idle=4, computing=51, receiving=28)))
    outcome = simulate(setup, Hpa(CpuMetric(50), floor=2, ceiling=12, phase_ms=7_000), seed=1)
    # Two full pods and two cold ones, taken for idle: 75 % of the target of 50 %, so half as many again.
    assert sorted(set(desired(outcome)))[:3] == [2, 4, 6]


def test_a_reading_is_of_the_time_since_the_last_one(make_setup: MakeSetup, step: list[int]) -> None:
    """A reading one second after the step shows nothing yet; one after five seconds shows a third of it."""
    readings = {
        phase_ms: next(
            moment.at_ms
            for moment in simulate(
                make_setup(step, queue=None),
                Hpa(CpuMetric(50, phase_ms=phase_ms), floor=2, ceiling=12, phase_ms=6_000),
                seed=1,
            ).moments
            if moment.desired > 2
        )
        for phase_ms in (1_000, 5_000)
    }
    assert readings == {1_000: 52_000, 5_000: 37_000}


def test_the_first_reading_is_of_pods_that_were_read_before(make_setup: MakeSetup) -> None:
    """Of the 15 s up to a first reading 14 were busy, all but the one before the start."""
    busy = [round(1000 * number / 90) for number in range(90 * 30)]
    outcome = simulate(
        make_setup(busy, queue=None),
        Hpa(CpuMetric(50, phase_ms=14_000), floor=2, ceiling=12, phase_ms=14_500),
        seed=1,
    )
    assert next(moment.at_ms for moment in outcome.moments if moment.desired > 2) == 15_000


def test_requests_of_the_first_moment_did_not_run_before_it(make_setup: MakeSetup) -> None:
    """Eight requests at 0 fill two pods for 300 ms, of the 15 s of the first reading."""
    outcome = simulate(
        make_setup([0] * 8, queue=None), Hpa(CpuMetric(50), floor=2, ceiling=12, phase_ms=500), seed=1
    )
    assert set(desired(outcome)) == {2}


def test_hpa_counts_cold_pods_as_idle_and_does_not_cascade(make_setup: MakeSetup, step: list[int]) -> None:
    setup = make_setup(step, queue=None)
    setup = replace(
        setup, cluster=replace(setup.cluster, startup=replace(setup.cluster.startup, values_ms=(60_000,)))
    )
    outcome = simulate(setup, Hpa(CpuMetric(50), floor=2, ceiling=12), seed=1)
    assert max(desired(outcome)) == 4


def test_hpa_shrinks_only_after_its_window(make_setup: MakeSetup) -> None:
    busy = [round(1000 * number / 40) for number in range(40 * 60)]
    setup = make_setup(busy, replicas=4, queue=None, seconds=600)
    outcome = simulate(setup, Hpa(CpuMetric(50), floor=2, ceiling=12), seed=1)
    last_busy = 60
    assert min(desired(outcome)[last_busy : last_busy + 290]) >= 4
    assert desired(outcome)[-1] == 2


def test_keda_asks_for_the_total_at_its_next_sync(make_setup: MakeSetup, step: list[int]) -> None:
    scaler = Hpa(InFlightMetric(2.8), floor=2, ceiling=12, phase_ms=7_000)
    outcome = simulate(make_setup(step, queue=None), scaler, seed=1)
    # As the real one went, in every run: 2, 4, 8, 12.
    assert [desired(outcome)[second] for second in (30, 38, 53, 68)] == [2, 4, 8, 12]


def test_knative_panics_and_does_not_shrink_while_it_does(make_setup: MakeSetup, step: list[int]) -> None:
    setup = make_setup(step, queue=None, route=Route.ACTIVATOR)
    outcome = simulate(setup, Knative(floor=2, ceiling=12, concurrency=4), seed=1)
    wanted = desired(outcome)[30:90]
    assert wanted == sorted(wanted)
    assert wanted[8] == 12


@pytest.mark.parametrize("name", sorted(RIVALS))
def test_rivals_stay_between_their_bounds(name: str, make_setup: MakeSetup, step: list[int]) -> None:
    outcome = run_rival(name, make_setup(step), BOUNDS, seed=2)
    assert all(2 <= each <= 12 for each in desired(outcome))
    assert len(outcome.requests) == len(step)
