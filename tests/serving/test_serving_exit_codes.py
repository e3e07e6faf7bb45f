"""A process that cannot serve ends with the code that says why, and never looks ready."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from warmpool_serving.app import write_termination_message

Fake = Callable[..., Any]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"engine": "fake", "fake_fail": "the weights are not for this model"},
            "the weights are not for this model",
        ),
        ({"engine": "fake", "fake_wrong": "true"}, "the model answers wrong: cosine -1.0000"),
        ({"engine": "auto", "model_path": "/nowhere/at/all"}, "the folder /nowhere/at/all does not exist"),
        ({"engine": "auto"}, "WARMPOOL_MODEL_PATH is not set"),
    ],
)
def test_a_model_that_is_not_right_ends_with_code_3(start: Fake, settings: dict[str, str], says: str) -> None:
    server = start(**settings)
    assert server.end() == 3
    record = server.log[-1]
    assert says in record["message"]
    assert (record["level"], record["exitCode"]) == ("error", 3)
    assert not any(item["message"] == "model proven" for item in server.log)


def test_the_reason_is_left_where_the_kubelet_looks(tmp_path: Path) -> None:
    write_termination_message("no such weights", tmp_path / "termination-log")
    assert not list(tmp_path.iterdir())
    (tmp_path / "termination-log").touch()
    write_termination_message("no such weights", tmp_path / "termination-log")
    assert (tmp_path / "termination-log").read_text() == "no such weights\n"


def test_a_failed_load_never_looks_ready(fake: Fake) -> None:
    server = fake(fake_load_seconds=0.5, fake_fail="no such weights")
    seen = set()
    while server.process.poll() is None:
        try:
            seen.add(server.admin("/health/ready").status_code)
        except httpx.HTTPError:
            break
    assert seen == {503}
    assert server.end() == 3


def test_a_wrong_setting_ends_with_code_2_and_one_line(start: Fake) -> None:
    server = start(engine="fake", container_concurrency="many")
    assert server.end() == 2
    assert [item["message"] for item in server.log] == [
        "warmpool-serve: WARMPOOL_CONTAINER_CONCURRENCY: 'many' is not a whole number"
    ]


def test_a_taken_port_ends_with_code_4(start: Fake) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = start(engine="fake", port=taken.getsockname()[1])
        assert server.end() == 4
    assert "cannot be bound" in server.log[-1]["message"]
