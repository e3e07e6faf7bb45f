"""`warmpool simulate`: what it recommends, what it draws, and what is wrong with its files."""

import json
from pathlib import Path

import pytest
import yaml

from tests.operator.console.conftest import Run
from warmpool_operator.capacity.pacing import StartBudget
from warmpool_operator.capacity.policy import PolicyMemory
from warmpool_operator.capacity.startup import Start, Startups
from warmpool_operator.capacity.types import Memory
from warmpool_operator.reconcile.kept import memory_status
from warmpool_operator.simulate.traffic import TrafficError, arrivals_of

POOL = """
apiVersion: warmpool.dev/v1alpha1
kind: WarmModelPool
metadata: {name: one}
spec:
  model: {name: m, source: {baked: {}}}
  server: {image: "img:1", containerConcurrency: 4}
  scaling: {maxReplicas: 6, minReplicas: 1}
"""
STARTED = Startups(starts=(Start(total_ms=4000), Start(total_ms=5000)))
STATUS = {"memory": memory_status(Memory(published=1), PolicyMemory(), STARTED, StartBudget()).to_wire()}
"""As the operator writes it."""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A pool, and a trace that rises from 4 to 40 requests a second after 20 s."""
    pool, trace = tmp_path / "pool.yaml", tmp_path / "trace.csv"
    pool.write_text(POOL)
    times = [number / 4 for number in range(80)] + [20 + number / 40 for number in range(800)]
    trace.write_text("arrived_at\n" + "".join(f"{time}\n" for time in times))
    return pool, trace


def arguments(files: tuple[Path, Path], *more: str) -> list[str]:
    pool, trace = files
    return ["simulate", "--pool", str(pool), "--trace", str(trace), "--service-ms", "300", *more]


def test_a_step_is_answered_with_a_buffer_or_a_floor(run: Run, files: tuple[Path, Path]) -> None:
    ended = run(*arguments(files, "--startup-seconds", "5", "--deadline", "2", "-o", "json"))
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found["seconds"] == pytest.approx(40.975)
    assert found["own"]["errorPercent"] > 5
    best = found["recommended"]
    assert best["errorPercent"] <= 0.1
    assert best["minReplicas"] + best["concurrencyBuffer"] >= 3
    assert set(found["rivals"]) == {"static", "hpa_cpu", "keda", "knative"}
    costs = [each["podSeconds"] for each in found["options"]]
    assert costs == sorted(costs)


def test_the_table_says_what_to_write_into_the_pool_and_the_picture_is_drawn(
    run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    picture = tmp_path / "new" / "sizing.svg"
    ended = run(*arguments(files, "--startup-seconds", "5", "--deadline", "2", "--picture", str(picture)))
    assert ended.code == 0
    assert "recommended" in ended.out
    assert "scaling: {minReplicas: " in ended.out
    assert "hpa_cpu" in ended.out
    assert "<svg" in picture.read_text()


def test_a_ceiling_that_is_too_low_is_said(run: Run, files: tuple[Path, Path]) -> None:
    pool, _ = files
    pool.write_text(POOL.replace("maxReplicas: 6", "maxReplicas: 1"))
    ended = run(*arguments(files, "--startup-seconds", "5", "--deadline", "2"))
    assert ended.code == 0
    assert "Raise maxReplicas" in ended.out


def test_start_ups_come_from_the_status(run: Run, files: tuple[Path, Path]) -> None:
    pool, _ = files
    pool.write_text(POOL + yaml.safe_dump({"status": STATUS}))
    ended = run(*arguments(files, "-o", "json"))
    assert ended.code == 0
    assert json.loads(ended.out)["recommended"] is not None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "give --startup-seconds"),
        (["--startup-seconds", "soon"], "--startup-seconds 'soon': numbers of at least 0"),
        (["--startup-seconds", "-1"], "numbers of at least 0"),
        (["--startup-seconds", "5", "--picture", "a.gif"], "a picture ends in"),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    run: Run, files: tuple[Path, Path], more: list[str], said: str
) -> None:
    ended = run(*arguments(files, *more))
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_trace_that_is_not_there(run: Run, files: tuple[Path, Path]) -> None:
    ended = run(*arguments((files[0], files[1].with_name("none")), "--startup-seconds", "5"))
    assert (ended.code, "cannot be read" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no request"),
        ("arrived_at\n", "no request"),
        ("time\n1\n", "line 2: needs the number arrived_at"),
        ("arrived_at\n1\nx\n", "line 3"),
        ("arrived_at\ninf\n", "line 2"),
        ("arrived_at\n-1\n", "line 2"),
        ("arrived_at\n2\n1\n", "line 3: 1 s comes after a later request"),
    ],
)
def test_a_trace_that_is_none_names_its_line(text: str, said: str) -> None:
    with pytest.raises(TrafficError, match=said):
        arrivals_of(text.splitlines())


def test_a_trace_can_be_made_faster() -> None:
    assert arrivals_of(["arrived_at,tokens", "1.5,3", "3,4"], faster=3) == (500, 1000)
