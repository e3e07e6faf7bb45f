"""The pace of starts: never below what runs, never starving the floor, never multiplying what cannot start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.capacity.pacing import (
    FAILURES_ALLOWED,
    FIRST_BACKOFF_MS,
    MAX_BACKOFF_MS,
    Brake,
    Pace,
    StartBudget,
    paced,
)

NOW = 1_700_000_000_000
SPENT = StartBudget(failures=FAILURES_ALLOWED, retry_at_ms=NOW + 1)


def pace(**changes: object) -> Pace:
    given_: dict[str, object] = {"desired": 9, "replicas": 2, "floor": 1, "ready": 2, "max_warming": None}
    given_ |= {"budget": StartBudget(), "now_ms": NOW} | changes
    return paced(**given_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, Pace(pods=9)),
        ({"max_warming": 3}, Pace(pods=5, brake=Brake.MAX_WARMING)),
        ({"max_warming": 7}, Pace(pods=9)),
        ({"max_warming": 3, "floor": 6}, Pace(pods=6, brake=Brake.MAX_WARMING)),
        ({"max_warming": 1, "ready": 0, "replicas": 4}, Pace(pods=4, brake=Brake.MAX_WARMING)),
        ({"max_warming": 1, "desired": 1}, Pace(pods=1)),
        ({"budget": SPENT}, Pace(pods=2, brake=Brake.START_BUDGET)),
        ({"budget": SPENT, "now_ms": NOW + 1}, Pace(pods=3, brake=Brake.START_BUDGET)),
        ({"budget": SPENT, "floor": 9}, Pace(pods=2, brake=Brake.START_BUDGET)),
        ({"budget": SPENT, "desired": 2}, Pace(pods=2)),
        ({"budget": SPENT, "desired": 3, "now_ms": NOW + 1}, Pace(pods=3)),
        ({"budget": StartBudget(failures=FAILURES_ALLOWED - 1)}, Pace(pods=9)),
    ],
)
def test_pace(changes: dict[str, object], wanted: Pace) -> None:
    assert pace(**changes) == wanted


def test_a_budget_is_spent_by_failures_in_a_row_and_refilled_by_one_success() -> None:
    budget = StartBudget()
    for _ in range(FAILURES_ALLOWED):
        assert (budget.spent, budget.retry_at_ms) == (False, 0)
        budget = budget.after(failed=1, succeeded=0, now_ms=NOW)
    assert budget == StartBudget(failures=FAILURES_ALLOWED, retry_at_ms=NOW + 10_000)
    assert budget.after(failed=0, succeeded=0, now_ms=NOW + 5) == budget
    assert budget.after(failed=1, succeeded=0, now_ms=NOW).retry_at_ms == NOW + 2 * FIRST_BACKOFF_MS
    assert budget.after(failed=50, succeeded=0, now_ms=NOW).retry_at_ms == NOW + MAX_BACKOFF_MS
    assert budget.after(failed=3, succeeded=1, now_ms=NOW) == StartBudget()


def test_a_try_waits_for_its_backoff_before_the_next() -> None:
    assert SPENT.tried(now_ms=NOW).retry_at_ms == NOW + FIRST_BACKOFF_MS
    assert StartBudget(failures=5).tried(now_ms=NOW).retry_at_ms == NOW + 4 * FIRST_BACKOFF_MS
    assert StartBudget(failures=99).tried(now_ms=NOW).retry_at_ms == NOW + MAX_BACKOFF_MS


counts = st.integers(0, 40)


def test_a_retry_of_a_spent_budget_is_a_start_like_any_other() -> None:
    spent = StartBudget(failures=9, retry_at_ms=NOW)
    made = paced(desired=5, replicas=1, floor=0, ready=0, max_warming=1, budget=spent, now_ms=NOW)
    assert (made.pods, made.brake) == (1, Brake.MAX_WARMING)


@given(counts, counts, counts, counts, st.none() | st.integers(1, 9), st.integers(0, 9), st.booleans())
def test_a_pace_never_shrinks_and_never_starves(
    desired: int, replicas: int, floor: int, ready: int, max_warming: int | None, failures: int, due: bool
) -> None:
    budget = StartBudget(failures=failures, retry_at_ms=NOW if due else NOW + 1)
    made = paced(
        desired=desired, replicas=replicas, floor=floor, ready=ready, max_warming=max_warming, budget=budget,
        now_ms=NOW,
    )  # fmt: skip
    assert min(desired, replicas) <= made.pods <= desired
    assert (made.brake is None) == (made.pods == desired)
    if not budget.spent:
        assert made.pods >= min(desired, floor)
    if max_warming is not None and made.pods > max(replicas, floor):
        assert made.pods - ready <= max_warming


@given(st.integers(1, 50), st.integers(1, 200))
def test_pods_that_all_fail_do_not_multiply(ceiling: int, minutes: int) -> None:
    """P20: at most one more pod per backoff once the budget is spent, however long it lasts."""
    budget, replicas, made, now = StartBudget(), 0, 0, NOW
    for _ in range(minutes * 6):
        now += 10_000
        wish = paced(
            desired=ceiling, replicas=replicas, floor=0, ready=0, max_warming=2, budget=budget, now_ms=now
        )
        grown = wish.pods - replicas
        if budget.spent and grown:
            assert grown == 1
            budget = budget.tried(now_ms=now)
        replicas, made = wish.pods, made + grown
        budget = budget.after(failed=grown, succeeded=0, now_ms=now)
    assert made <= min(ceiling, 2 + FAILURES_ALLOWED + 7 + minutes // 5)
