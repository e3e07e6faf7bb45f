"""Who is told to come back, when, and for how long that counts as demand."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.observe.cache import Key
from warmpool_operator.warming.desk import LONGEST_MS, Desk, Stand, stand_for

A, B, C = Key("ns", "a"), Key("ns", "b"), Key("other", "c")


def stand(
    *, host: str | None = "a.example", path: str = "/", ready: bool = False, p95: int | None = 6000
) -> Stand:
    return stand_for(host=host, path=path, ready=ready, p95_ms=p95, timeout_ms=600_000, keep_alive_ms=10_000)


@pytest.mark.parametrize(
    ("host", "path", "found"),
    [
        ("a.example", "/v1/embeddings", A),
        ("A.Example:8080", "/", A),
        ("a.example.", "/", A),
        ("b.example", "/minilm", B),
        ("b.example", "/minilm/v1", B),
        ("b.example", "/rewritten", B),
        ("x.wild.example", "/", C),
        ("wild.example", "/", None),
        ("y.x.wild.example", "/", None),
        ("unknown", "/", None),
        ("", "/", None),
    ],
)
def test_a_request_finds_its_pool(host: str, path: str, found: Key | None) -> None:
    desk = Desk()
    desk.attend(A, stand())
    desk.attend(B, stand(host="b.example", path="/minilm"))
    desk.attend(C, stand(host="*.wild.example"))
    assert desk.find(host, path) == found


def test_of_two_pools_on_one_host_the_longest_path_wins_and_a_strange_path_is_nobodys() -> None:
    desk = Desk()
    desk.attend(A, stand(path="/models"))
    desk.attend(B, stand(path="/models/b"))
    assert desk.find("a.example", "/models/b/v1") == B
    assert desk.find("a.example", "/models/bb") == A
    assert desk.find("a.example", "/elsewhere") is None


def test_a_pool_without_a_host_takes_what_no_other_has() -> None:
    desk = Desk()
    desk.attend(A, stand())
    desk.attend(B, stand(host=None, path="/b"))
    assert desk.find("unknown", "/b/c") == B
    assert desk.find("unknown", "/") is None
    assert desk.find("a.example", "/b/c") == A


def test_retry_after_is_what_is_left_of_the_start() -> None:
    desk = Desk()
    desk.attend(A, stand(p95=6000))
    assert desk.refuse(A, now_ms=0) == 8
    assert desk.refuse(A, now_ms=3000) == 5
    assert desk.refuse(A, now_ms=9000) == 2, "late: a fifth more, again and again"


def test_the_next_sleep_is_another_wait() -> None:
    desk = Desk()
    desk.attend(A, stand())
    desk.refuse(A, now_ms=0)
    desk.attend(A, stand(ready=True))
    assert desk.refuse(A, now_ms=7000) == 1, "a straggler: the ingress does not know of the pod yet"
    desk.attend(A, stand())
    assert desk.refuse(A, now_ms=60_000) == 8


def test_a_start_that_nobody_measured() -> None:
    assert stand(p95=None).expected_ms == 32_000
    short = stand_for(host=None, path="/", ready=False, p95_ms=None, timeout_ms=5000, keep_alive_ms=0)
    assert short.expected_ms == 7000


def test_a_request_is_demand_until_it_is_back_and_keeps_the_pool_awake_longer() -> None:
    desk = Desk()
    desk.attend(A, stand(p95=6000))
    for _ in range(5):
        desk.refuse(A, now_ms=0)
    assert desk.held(A, now_ms=8000) == 5
    assert desk.held(A, now_ms=11_000) == 1
    hold_ms = 6000 * 3 // 2 + 8000
    assert desk.held(A, now_ms=hold_ms - 1) == 1
    assert desk.held(A, now_ms=hold_ms) == 0
    assert desk.held(B, now_ms=0) == 0


def test_a_pool_that_is_gone_is_nobody() -> None:
    desk = Desk()
    desk.attend(A, stand())
    desk.attend(A, None)
    assert desk.find("a.example", "/") is None


@given(
    p95=st.integers(0, 2 * LONGEST_MS),
    pauses=st.lists(st.integers(0, 5000), min_size=1, max_size=300),
)
def test_memory_is_bounded_by_time_and_not_by_requests(p95: int, pauses: list[int]) -> None:
    desk = Desk()
    desk.attend(A, stand(p95=p95))
    for now_ms in itertools.accumulate(pauses):
        seconds = desk.refuse(A, now_ms=now_ms)
        assert 1 <= seconds <= LONGEST_MS / 1000
        assert 1 <= desk.held(A, now_ms=now_ms) <= len(pauses)
        assert len(desk._queues[A].returns) <= LONGEST_MS / 1000 + 3
