"""Records and what is said of them, and the command line that says it."""

import io
import json
from pathlib import Path

import pytest

from bench.load.cli import main
from bench.load.record import Record, percentile, summarize, write_jsonl


def record(
    status: int = 200, *, at: float = 0.0, lag: float = 0.0, took: float = 0.1, error: str = ""
) -> Record:
    return Record(
        intended=at, sent=at + lag, finished=at + lag + took, status=status, attempts=2, error=error
    )


def test_summary_counts_every_request_once() -> None:
    records = [record(), record(200), record(429), record(503), record(500), record(0, error="deadline")]
    summary = summarize(records)
    assert (summary.requests, summary.answered, summary.refused, summary.failed) == (6, 2, 2, 2)
    assert summary.statuses == {"200": 2, "429": 1, "500": 1, "503": 1, "deadline": 1}
    assert summary.retries == 6
    assert not summary.fell_behind


def test_latency_is_of_answers_alone() -> None:
    summary = summarize([record(took=0.5), record(429, took=0.01)])
    assert summary.latency_p50 == summary.latency_p99 == pytest.approx(0.5)
    assert summarize([record(429)]).latency_p50 is None


def test_a_late_client_says_so() -> None:
    late = [record(lag=0.2) for _ in range(2)]
    summary = summarize([record()] * 98 + late)
    assert summary.fell_behind
    assert summary.lag_p99 == pytest.approx(0.2)
    assert not summarize([record()] * 98 + late, lag_allowed=0.3).fell_behind
    assert not summarize([record()] * 199 + late[:1]).fell_behind


def test_nothing_sent_is_a_summary_too() -> None:
    assert summarize([]).requests == 0


@pytest.mark.parametrize(
    ("values", "percent", "result"),
    [([], 50, None), ([3], 99, 3), ([1, 2, 3, 4], 50, 2), ([4, 3, 2, 1], 75, 3), (range(1, 101), 99, 99)],
)
def test_percentile_is_a_value_that_occurred(
    values: list[float], percent: float, result: float | None
) -> None:
    assert percentile(values, percent) == result


def test_jsonl_has_one_object_per_request() -> None:
    file = io.StringIO()
    write_jsonl([record(at=1.0), record(429)], file)
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [(line["intended"], line["status"]) for line in lines] == [(1.0, 200), (0.0, 429)]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["http://192.0.2.1/", "constant:1:1"], "--allow-any"),
        (["http://127.0.0.1:1/", "constant:1"], "no schedule"),
        (["http://127.0.0.1:1/", "constant:x:1"], "are numbers"),
        (["http://127.0.0.1:1/", "trace", "--keep", "2"], "at most 1"),
        (["http://127.0.0.1:1/", "trace", "--trace", "/nowhere.csv"], "nowhere"),
    ],
)
def test_the_command_explains_what_it_cannot_do(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert message in capsys.readouterr().err


def test_the_command_writes_records_and_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody listens on port 1: every request fails, and the run is a run all the same."""
    file = tmp_path / "r.jsonl"
    main(["http://127.0.0.1:1/", "step:20:0.1:0:0.1:20:0.1", "--records", str(file)])
    summary = json.loads(capsys.readouterr().out)
    assert summary["failed"] == summary["requests"] == len(file.read_text().splitlines()) > 0
