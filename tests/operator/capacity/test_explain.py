"""A decision in words: the sentence, and the account term by term."""

from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.explain import account, sentence
from warmpool_operator.capacity.types import Bucket, Decision, Memory, Observation, Policy

NOW = 1_700_000_000_000


def made(policy: Policy, seen: Observation, *, before: int = 0, window: tuple[Bucket, ...] = ()) -> Decision:
    return decide(policy, seen, Memory(published=before, window=window), NOW)


def lines(decision: Decision, divisor: int) -> dict[str, str]:
    return dict(account(decision, divisor=divisor))


def test_a_busy_pool_is_accounted_for() -> None:
    policy = Policy(floor=1, ceiling=4, concurrency=4, buffer=1)
    decision = made(policy, Observation(running=3, queued=2, refused=1, answered=2))
    assert sentence(decision) == "3 pods: 6 requests need 2, plus a buffer of 1"
    assert account(decision, divisor=policy.divisor) == [
        ("demand", "3 computed + 2 waiting + 1 refused = 6 requests"),
        ("need", "6 requests / 4 per pod, rounded up = 2 pods"),
        ("buffer", "+ 1 kept idle above demand = 3"),
        ("floor", "1, from scaling.minReplicas"),
        ("ceiling", "4, from scaling.maxReplicas"),
        ("desired", "3, because of Demand"),
    ]


def test_what_is_missing_is_told() -> None:
    policy = Policy(floor=0, ceiling=4)
    decision = made(policy, Observation(running=9, answered=1))
    assert sentence(decision) == "4 pods: the ceiling of 4; 9 would be needed"
    assert lines(decision, 1)["missing"] == "5 more would be needed"
    assert "missing" not in lines(made(policy, Observation(running=4, answered=1)), 1)


def test_what_keeps_a_pool_up_is_told() -> None:
    policy = Policy(floor=0, ceiling=9, keep_alive_ms=60_000)
    held = made(policy, Observation(running=1, answered=1), before=6, window=(Bucket(NOW - 1, 6),))
    assert sentence(held) == "6 pods: kept by keepAlive; 1 request needs 1 now, 6 were needed lately"
    assert lines(held, 1)["keepAlive"] == "6 were needed lately"
    assert "keepAlive" not in lines(made(policy, Observation(running=6, answered=1)), 1)


def test_silence_and_held_requests_are_told() -> None:
    policy = Policy(floor=0, ceiling=9, concurrency=2)
    silent = lines(made(policy, Observation(running=1, answered=1, silent=2), before=3), 2)
    assert silent["demand"].endswith("= 1; at most 5, since 2 warm pods do not answer requests")
    woken = made(policy, Observation(held=3))
    assert sentence(woken) == "2 pods: 3 requests need 2 (3 were told to come back), plus a buffer of 0"
    assert lines(woken, 2)["demand"].endswith("or 3 told to come back = 3 requests")


def test_one_pod_is_one_pod_and_sources_are_named() -> None:
    policy = Policy(floor=1, ceiling=4, floor_source="schedule day", ceiling_source="override o")
    assert sentence(made(policy, Observation())).startswith(
        "1 pod: the floor of 1 from schedule day; 0 requests"
    )
    over = made(policy, Observation(running=9, answered=1))
    assert sentence(over) == "4 pods: the ceiling of 4 from override o; 9 would be needed"
