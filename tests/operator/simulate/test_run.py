"""The simulation itself: small runs whose outcome can be worked out by hand."""

from collections.abc import Callable

import pytest

from warmpool_operator.simulate.autoscalers.fixed import Fixed
from warmpool_operator.simulate.outcome import Outcome
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Client, Measured, Route, Setup, bounded_queue, fixed

MakeSetup = Callable[..., Setup]


def statuses(outcome: Outcome) -> list[int]:
    return [request.status for request in outcome.requests]


def latencies(outcome: Outcome) -> list[int]:
    return [request.finished_ms - request.intended_ms for request in outcome.requests]


def test_slots_then_queue_then_refusal(make_setup: MakeSetup) -> None:
    outcome = simulate(make_setup([0] * 10, replicas=1, seconds=5), Fixed(1), seed=0)
    # Four are computed at once, five wait for one or two rounds, the tenth is refused at once.
    assert statuses(outcome) == [200] * 9 + [429]
    assert latencies(outcome) == [300] * 4 + [600] * 4 + [900] + [0]


def test_without_a_bound_a_queue_answers_nobody_in_time(make_setup: MakeSetup) -> None:
    """Goodput collapses: pods compute what was given up while it was computed."""
    arrivals = [round(1000 * number / 90) for number in range(90 * 60)]
    setup = make_setup(arrivals, replicas=2, queue=None, seconds=60)
    late = [request for request in simulate(setup, Fixed(2), seed=1).requests if request.intended_ms > 20_000]
    bounded = simulate(make_setup(arrivals, replicas=2, seconds=60), Fixed(2), seed=1)
    kept = [request for request in bounded.requests if request.intended_ms > 20_000]
    capacity = 2 * 4 / 0.3 * 40
    assert sum(request.status == 200 for request in late) < 0.2 * capacity
    assert sum(request.status == 200 for request in kept) > 0.95 * capacity


def test_a_request_is_given_up_at_its_deadline(make_setup: MakeSetup) -> None:
    setup = make_setup([0] * 30, replicas=1, queue=None, seconds=5)
    outcome = simulate(setup, Fixed(1), seed=0)
    assert statuses(outcome) == [200] * 24 + [0] * 6
    assert latencies(outcome)[24:] == [2_000] * 6


def test_refused_clients_come_back_when_the_server_says(make_setup: MakeSetup) -> None:
    client = Client(deadline_ms=10_000, max_attempts=5)
    outcome = simulate(make_setup([0] * 10, replicas=1, client=client, seconds=5), Fixed(1), seed=0)
    assert outcome.errors == 0
    assert outcome.requests[9].attempts == 2
    assert latencies(outcome)[9] == 1_300  # Retry-After is whole seconds


def test_without_a_pod_nothing_is_answered(make_setup: MakeSetup) -> None:
    outcome = simulate(make_setup([0], replicas=0, seconds=5), Fixed(0), seed=0)
    assert statuses(outcome) == [503]


@pytest.mark.parametrize(("route", "refused"), [(Route.SERVICE, True), (Route.INGRESS, False)])
def test_an_ingress_takes_turns_and_a_service_does_not(
    make_setup: MakeSetup, route: Route, refused: bool
) -> None:
    # Eighteen fit into two pods; chance alone does not put nine into each.
    outcome = simulate(make_setup([0] * 18, route=route, seconds=5), Fixed(2), seed=3)
    assert (outcome.errors > 0) is refused


def test_an_activator_holds_what_no_pod_can_start(make_setup: MakeSetup) -> None:
    setup = make_setup([0], replicas=0, route=Route.ACTIVATOR, startup=fixed(1_000), seconds=5)
    outcome = simulate(setup, Fixed(0, [(500, 1)]), seed=0)
    assert latencies(outcome) == [1_800]


def test_pods_count_from_scheduled_to_gone(make_setup: MakeSetup) -> None:
    setup = make_setup(seconds=60, startup=fixed(10_000))
    outcome = simulate(setup, Fixed(2, [(10_000, 3), (30_000, 1)]), seed=0)
    first, second, third = outcome.pods
    assert (third.scheduled_ms, third.ready_ms) == (10_000, 20_000)
    assert third.gone_ms == 35_000, "the youngest goes first, and stays for its grace"
    assert sorted([first.gone_ms, second.gone_ms]) == [-1, 35_000]
    assert outcome.pod_seconds == 60 + 35 + 25


def test_a_deleted_pod_finishes_what_it_has(make_setup: MakeSetup) -> None:
    setup = make_setup([0] * 9, replicas=1, seconds=20)
    outcome = simulate(setup, Fixed(1, [(100, 0)]), seed=0)
    assert outcome.errors == 0


def test_time_to_healthy_is_the_end_of_the_last_bad_second(make_setup: MakeSetup) -> None:
    outcome = simulate(make_setup([0, 1_000, *[3_500] * 12, 5_000], replicas=1, seconds=10), Fixed(1), seed=0)
    assert outcome.time_to_healthy_s(1_000) == 3.0
    assert outcome.time_to_healthy_s(4_000) == 0.0


@pytest.mark.parametrize(
    ("target_ms", "cap", "waiting"), [(1000, None, 5), (1000, 2, 2), (300, None, 0), (100, None, 0)]
)
def test_the_queue_is_what_can_be_answered_in_time(target_ms: int, cap: int | None, waiting: int) -> None:
    found = bounded_queue(concurrency=4, service_ms=300, latency_target_ms=target_ms, cap=cap)
    assert found == waiting


def test_unordered_or_late_arrivals_are_refused(make_setup: MakeSetup) -> None:
    with pytest.raises(ValueError, match="order"):
        make_setup([2, 1])
    with pytest.raises(ValueError, match="end of the run"):
        make_setup([2_000], seconds=1)
    with pytest.raises(ValueError, match="at least one duration"):
        Measured(())
