"""Where the time of a start went."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmpool_operator.observe.load import parse
from warmpool_operator.observe.milestones import Milestones, passed
from warmpool_operator.observe.timeline import phases_of, pull_ms_of

BODY = {
    "v": 1,
    "state": "Ready",
    "running": 0,
    "queued": 0,
    "oldestQueuedMs": 0,
    "accepted": 0,
    "rejected": 0,
    "serviceMsMean": 1,
    "slots": 4,
}
# As kubelet 1.34 writes it.
PULL = (
    'Successfully pulled image "registry.example.org/server:1" in 1.234s (2.5s including waiting).'
    " Image size: 123456789 bytes."
)


def told(at_ms: int, uptime_ms: int, **phases: float) -> Any:
    return parse(BODY | {"uptimeMs": uptime_ms, "phases": phases}, at_ms=at_ms)


def test_every_phase_of_a_start() -> None:
    milestones = Milestones(
        seen_ms=1_000,
        scheduled_ms=1_100,
        sandbox_ms=1_500,
        initialized_ms=3_500,
        running_ms=6_900,
        ready_ms=9_000,
    )
    report = told(9_400, 3_400, process_start=0.1, imports=0.3, load=2.0, warmup=0.2)
    phases = dict(phases_of(milestones, report, pull_ms=2_000, fetches=True))
    assert phases == {
        "scheduled": 100,
        "sandbox": 400,
        "model_fetch": 2_000,
        "image_pull": 2_000,
        "container": 500,
        "process_start": 100,
        "imports": 300,
        "load": 2_000,
        "warmup": 200,
        "ready": 400,
    }
    assert sum(phases.values()) == 8_000


def test_a_server_that_tells_nothing_has_one_phase_of_its_own() -> None:
    milestones = Milestones(seen_ms=0, scheduled_ms=10, sandbox_ms=200, running_ms=900, ready_ms=5_000)
    phases = dict(phases_of(milestones, None, pull_ms=0, fetches=False))
    assert phases == {"scheduled": 10, "sandbox": 190, "container": 700, "load": 4_100}


def test_a_pull_that_the_sandbox_is_told_after_keeps_its_time() -> None:
    """The kubelet's first word of a sandbox comes when the container runs: after the pull, not before it."""
    milestones = Milestones(seen_ms=0, scheduled_ms=10, sandbox_ms=3_900, running_ms=3_900, ready_ms=5_000)
    phases = dict(phases_of(milestones, told(5_100, 1_600, load=0.9), pull_ms=3_000, fetches=False))
    assert phases == {"scheduled": 10, "sandbox": 490, "image_pull": 3_000, "load": 900, "ready": 600}


moments = st.none() | st.integers(0, 30_000)


@given(moments, moments, moments, moments, st.integers(0, 40_000), st.integers(0, 30_000), st.booleans())
def test_phases_add_up_to_the_start_whatever_comes_late(
    scheduled: int | None,
    sandbox: int | None,
    initialized: int | None,
    running: int | None,
    uptime: int,
    pull: int,
    fetches: bool,
) -> None:
    """Events that arrive out of order, late or never move time between phases; none is lost or made up."""
    milestones = Milestones(
        seen_ms=0,
        scheduled_ms=scheduled,
        sandbox_ms=sandbox,
        initialized_ms=initialized,
        running_ms=running,
        ready_ms=20_000,
    )
    for report in (None, told(20_200, uptime, load=0.001)):
        phases = dict(phases_of(milestones, report, pull_ms=pull, fetches=fetches))
        assert all(value > 0 for value in phases.values())
        assert sum(phases.values()) in {20_000, 20_001}


def test_milestones_are_dated_by_the_first_event_that_shows_them() -> None:
    def pod(*true: str, **state: Any) -> dict[str, Any]:
        return {
            "status": {
                "conditions": [{"type": kind, "status": "True"} for kind in true],
                "containerStatuses": [{"name": "server", "state": state}],
            }
        }

    seen = passed({}, None, now_ms=1)
    seen = passed(pod("PodScheduled"), seen, now_ms=2)
    seen = passed(pod("PodScheduled", "PodReadyToStartContainers"), seen, now_ms=3)
    seen = passed(pod("PodScheduled", running={}), seen, now_ms=4)
    seen = passed(pod("PodScheduled", "Ready", running={}), seen, now_ms=5)
    assert seen == Milestones(seen_ms=1, scheduled_ms=2, sandbox_ms=3, running_ms=4, ready_ms=5)


@pytest.mark.parametrize(
    ("note", "path", "milliseconds"),
    [
        (PULL, "spec.containers{server}", 2_500),
        (PULL, "spec.containers{sidecar}", 0),
        (PULL.replace("2.5s", "1m2.5s"), "spec.containers{server}", 62_500),
        (PULL.replace("2.5s", "850ms"), "spec.containers{server}", 850),
        ('Container image "a:1" already present on machine', "spec.containers{server}", 0),
    ],
)
def test_a_pull_takes_as_long_as_the_kubelet_says(note: str, path: str, milliseconds: int) -> None:
    event = {"note": note, "regarding": {"fieldPath": path, "uid": "a"}}
    assert pull_ms_of([event], uid="a") == milliseconds
    assert pull_ms_of([event], uid="another pod") == 0


def test_phases_that_cannot_be_read_are_left_out() -> None:
    assert parse(BODY | {"phases": {"load": "long", "warmup": -1, "imports": 0.5}}, at_ms=0).phases_ms == (
        ("imports", 500),
    )
    assert parse(BODY | {"phases": [1]}, at_ms=0).phases_ms == ()
    assert parse(BODY, at_ms=0).began_ms is None
