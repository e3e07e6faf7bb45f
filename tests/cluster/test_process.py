"""A process is signalled only when it is the one that was started."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hack.cluster.process import (
    Process,
    is_alive,
    load_record,
    read_process,
    start_detached,
    stop_processes,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    process = start_detached(SLEEP, log=tmp_path / "log", record=tmp_path / "record.json")
    yield process
    stop_processes([process], grace=0)


def test_a_started_process_is_found_again_by_its_record(sleeper: Process, tmp_path: Path) -> None:
    record = load_record(tmp_path / "record.json")
    assert record == sleeper
    assert record is not None
    assert is_alive(record)
    assert list(record.argv) == SLEEP


def test_it_does_not_end_with_its_starter(sleeper: Process) -> None:
    assert os.getsid(sleeper.pid) == sleeper.pid


@pytest.mark.parametrize("change", [{"started": 1}, {"argv": ("something", "else")}])
def test_another_process_with_the_same_pid_is_spared(sleeper: Process, change: dict[str, object]) -> None:
    stranger = replace(sleeper, **change)
    assert not is_alive(stranger)
    assert stop_processes([stranger], grace=0) == []
    assert is_alive(sleeper)


def test_stopping_ends_and_reaps_it(sleeper: Process) -> None:
    assert stop_processes([sleeper], grace=5) == []
    assert read_process(sleeper.pid) is None


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print(1, flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    process = start_detached([sys.executable, "-c", code], log=log, record=tmp_path / "record.json")
    while not log.read_text():
        assert is_alive(process)
    assert stop_processes([process], grace=0.2) == []
    assert not is_alive(process)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x", "started": 1, "argv": []}', '{"pid": 1}'])
def test_a_damaged_record_is_no_record(tmp_path: Path, content: str) -> None:
    record = tmp_path / "record.json"
    record.write_text(content)
    assert load_record(record) is None


def test_a_missing_record_is_no_record(tmp_path: Path) -> None:
    assert load_record(tmp_path / "record.json") is None
