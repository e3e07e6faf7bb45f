"""`warmpool`: how commands look, and how they end."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.operator.console.conftest import Run
from warmpool_operator import __version__
from warmpool_operator import console as console_package
from warmpool_operator.api.starts import MeasuredStart, StartupStatus
from warmpool_operator.api.status import Condition, DecisionStatus, Effective, Pods, PoolStatus, Terms
from warmpool_operator.capacity.explain import account, sentence
from warmpool_operator.console.cluster import Target
from warmpool_operator.console.exits import ConsoleError
from warmpool_operator.console.explain import decision_of
from warmpool_operator.console.picture import draw
from warmpool_operator.console.status import table
from warmpool_operator.console.troubles import troubles
from warmpool_operator.console.waterfall import bar, print_waterfall

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: there
contexts:
- {name: there, context: {cluster: c, user: u, namespace: models}}
- {name: other, context: {cluster: c, user: u}}
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {token: t}}]
"""


@pytest.fixture
def dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kubeconfig of a cluster that nobody serves."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    return str(file)


def condition(kind: str, status: str, reason: str, message: str = "") -> Condition:
    """A condition of a pool."""
    return Condition.model_validate(
        {"type": kind, "status": status, "reason": reason, "message": message}
        | {"lastTransitionTime": "2026-01-01T00:00:00Z"}
    )


def busy() -> PoolStatus:
    """A pool at its ceiling, with a pod that is killed."""
    terms = Terms(
        in_flight=6,
        queued=3,
        refused=1,
        demand=10,
        demand_upper=10,
        need=5,
        buffer=1,
        floor=1,
        ceiling=4,
        held=6,
        floor_source="scaling.minReplicas",
        ceiling_source="scaling.maxReplicas",
    )
    return PoolStatus(
        pods=Pods(ready=3, running=3, failed=1),
        effective=Effective(min=1, max=4, buffer=1),
        decision=DecisionStatus(desired=4, unclamped=6, binding="Ceiling", message="m", terms=terms),
        conditions=[
            condition("Warm", "True", "FloorMet"),
            condition("Ready", "True", "EndpointsWarm"),
            condition("ScalingLimited", "True", "TooManyReplicas", "6 pods are needed"),
            condition("StartupFailing", "True", "OutOfMemory", "[raise] it to 600Mi"),
        ],
    )


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"{__version__}\n"
    assert "Usage: warmpool" in run("--help").out
    assert "Usage: kubectl warmpool" in run("--help", program="/usr/bin/kubectl-warmpool").out
    assert run("explain").code == 2


@pytest.mark.parametrize("command", [["status"], ["status", "x"], ["explain", "x"], ["status", "-o", "json"]])
def test_a_cluster_that_is_away_is_one_line(run: Run, dead: str, command: list[str]) -> None:
    ended = run(*command, "--kubeconfig", dead)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert "no connection" in ended.err
    assert "Traceback" not in ended.err


def test_a_kubeconfig_that_is_not_there_is_one_line(run: Run, tmp_path: Path) -> None:
    ended = run("status", "--kubeconfig", str(tmp_path / "none"))
    assert ended.code == 1
    assert "no cluster to talk to" in ended.err


def test_the_namespace_is_the_contexts(dead: str) -> None:
    assert Target(kubeconfig=dead).home == "models"
    assert Target(kubeconfig=dead, context="other").home == "default"
    assert Target(kubeconfig=dead, namespace="mine").home == "mine"


def test_watching_is_for_people(run: Run) -> None:
    ended = run("status", "--watch", "-o", "json")
    assert (ended.code, "kubectl get wmp --watch" in ended.err) == (2, True)


def test_the_gravest_trouble_comes_first() -> None:
    assert [each.reason for each in troubles(busy())] == ["OutOfMemory", "TooManyReplicas"]


def test_a_row_tells_how_warm_a_pool_is() -> None:
    pool = {"metadata": {"namespace": "team", "name": "minilm"}, "status": busy().to_wire()}
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table([pool], everywhere=True))
    row = captured.get().splitlines()[1].split()
    assert row[:9] == ["team", "minilm", "3/4", "0", "1", "1", "4", "10", "Ceiling"]
    assert "OutOfMemory: [raise] it to 600Mi" in captured.get()


def test_a_decision_is_told_term_by_term() -> None:
    decision = decision_of(busy().decision)
    told = dict(account(decision, divisor=2))
    assert told["demand"] == "6 computed + 3 waiting + 1 refused = 10 requests"
    assert told["need"] == "10 requests / 2 per pod, rounded up = 5 pods"
    assert told["ceiling"] == "4, from scaling.maxReplicas"
    assert told["missing"] == "2 more would be needed"
    assert sentence(decision) == "4 pods: the ceiling of 4; 6 would be needed"


def test_completion_is_offered() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from warmpool_operator.console.app import main; main()"],
        env={"_WARMPOOL_COMPLETE": "complete_bash", "COMP_WORDS": "warmpool ex", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "explain" in done.stdout, done.stderr


def measured(pod: str, **phases: int) -> dict[str, object]:
    """One start, as the status has it."""
    total = sum(phases.values())
    return {
        "pod": pod,
        "template": "t",
        "readyAt": "2026-01-01T00:00:00Z",
        "totalMs": total,
        "phasesMs": phases,
    }


STARTUP = StartupStatus.model_validate(
    {
        "p50": "10s",
        "p95": "20s",
        "samples": 2,
        "failures": 1,
        "phases": {"load": {"p50": "8s", "p95": "18s"}},
        "last": [
            measured("a", sandbox=1000, load=8000, ready=1000),
            measured("b", sandbox=2000, load=18_000),
        ],
    }
)


def test_bars_of_a_waterfall_are_as_long_as_their_phases() -> None:
    quick, slow = STARTUP.last
    assert bar(quick, 20_000, 40, coloured=False).plain == "ss" + "l" * 16 + "rr"
    assert bar(slow, 20_000, 40, coloured=False).plain == "ssss" + "l" * 36
    assert bar(slow, 20_000, 40, coloured=True).plain == "█" * 40
    tiny = MeasuredStart.model_validate(measured("c", sandbox=1, imports=1, load=19_998))
    assert len(bar(tiny, 20_000, 40, coloured=False).plain) == 40, "phases shorter than a cell take none"


def test_a_waterfall_says_what_it_shows() -> None:
    console = Console(width=100)
    with console.capture() as captured:
        print_waterfall(console, "minilm", STARTUP)
        print_waterfall(console, "new", StartupStatus())
    told = captured.get()
    assert "half of the starts within 10s, 95 % within 20s (2 measured, 1 failed)" in told
    assert "new: no start was measured yet, 0 failed" in told


@pytest.mark.parametrize("name", ["x.png", "x.svg"])
def test_starts_are_drawn_into_files(tmp_path: Path, name: str) -> None:
    draw("minilm", STARTUP, tmp_path / name)
    assert (tmp_path / name).stat().st_size > 5_000


def test_a_picture_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError, match=r"\.png or \.svg"):
        draw("minilm", STARTUP, tmp_path / "x.bmp")
    with pytest.raises(ConsoleError, match="cannot be written"):
        draw("minilm", STARTUP, tmp_path / "none" / "x.png")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typer", None)
    monkeypatch.delitem(sys.modules, "warmpool_operator.console.app", raising=False)
    monkeypatch.delattr(console_package, "app", raising=False)
    with pytest.raises(SystemExit, match=r"pip install 'warmpool\[cli\]'"):
        console_package.main()
