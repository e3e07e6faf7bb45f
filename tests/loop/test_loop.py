"""What the measurements of the loop reckon with: lost requests, watched numbers, figures of parts."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench import results_file
from bench.loop import demand, floor, leader, rollout, schedule, shrink
from bench.loop.clients import Clients
from bench.watcher import Watcher
from warmpool_operator.api.pool import PoolSpec


class Handler(BaseHTTPRequestHandler):
    """Answers 200, then 429, then 500, and breaks every fourth connection."""

    turns = 0

    def do_POST(self) -> None:
        turn, Handler.turns = Handler.turns % 4, Handler.turns + 1
        self.rfile.read(int(self.headers["Content-Length"]))
        if turn < 3:
            self.send_response((200, 429, 500)[turn])
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    """A server with every kind of answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_a_refusal_is_an_answer_and_a_broken_connection_is_none(url: str) -> None:
    with Clients(url, count=1, words=1) as clients:
        while len(clients.statuses) < 8:
            time.sleep(0.01)
    statuses = clients.statuses[:8]
    assert statuses == [200, 429, 500, 0] * 2
    assert (clients.lost, clients.refused) == (
        sum(each in {0, 500} for each in clients.statuses),
        clients.statuses.count(429),
    )


def test_nobody_who_listens_is_a_loss() -> None:
    with Clients("http://127.0.0.1:9/", count=1, words=1) as clients:
        while not clients.statuses:
            time.sleep(0.01)
    assert clients.lost == len(clients.statuses)


@pytest.mark.parametrize(("absent", "seen"), [(None, [3, 4]), (0, [3, 0, 4])])
def test_a_field_that_is_not_there_is_nothing_or_what_it_means(absent: int | None, seen: list[int]) -> None:
    fake_kubectl = [sys.executable, "-c", "print('3'); print(); print('4')"]
    with Watcher(fake_kubectl, "deployment", "a", "ns", "{.x}", absent=absent) as watch:
        assert watch.reached(4, since=0.0, seconds=time.monotonic() + 20) is not None
    assert ([value for _, value in watch.seen], watch.latest) == (seen, 4)


def test_parts_add_to_what_others_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_file, "RESULTS", tmp_path)
    results_file.add_results("loop", {"a": 1.0, "b": 2.0}, repeats=3, versions={"kubernetes": "v1"})
    results_file.add_results("loop", {"b": 4.0}, repeats=5)
    document = json.loads((tmp_path / "loop.json").read_text())
    assert (document["figures"], document["repeats"]) == ({"a": 1.0, "b": 4.0}, 5)
    assert document["versions"]["kubernetes"] == "v1"


@pytest.mark.parametrize(
    "pool",
    [
        demand.pool(),
        floor.pool(89),
        leader.pool(),
        rollout.pool(1),
        schedule.pool(schedules=[{**schedule.SCHEDULE, "minReplicas": schedule.FLOOR, "lead": "Auto"}]),
        shrink.pool(shrink.HIGH),
    ],
)
def test_every_pool_is_valid(pool: dict[str, object]) -> None:
    PoolSpec.model_validate(pool)


def test_the_lowest_floor_of_a_shrink_is_more_than_demand_needs() -> None:
    assert shrink.LOW > shrink.IN_FLIGHT
