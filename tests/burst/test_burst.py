"""The burst benchmark's own parts: what is sent, what is applied, how pods and errors are counted."""

import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bench.burst import sizing
from bench.burst.hostcpu import busy_percent, read
from bench.burst.lives import PodWatch
from bench.burst.manifests import manifests_of
from bench.burst.measure import result_of
from bench.burst.replay import MODELLED, PHYSICS, foreknown, modelled, setup_of, simulated
from bench.burst.result import Answer, Result, append, per_second, read_all, tail, time_to_healthy
from bench.burst.scenarios import SCENARIOS, peak_rate
from bench.burst.shared import seconds_of
from bench.burst.systems import SYSTEMS, WARMUP_REQUESTS, system_in
from bench.load.client import Run
from bench.load.record import Record
from warmpool_operator.api.names import Env
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.simulate.setup import Route
from warmpool_serving.names import AdminPath, Metric


def pod(uid: str, *, scheduled: bool = True, ready: bool = False, deleted: bool = False) -> dict[str, Any]:
    conditions = [("PodScheduled", scheduled), ("Ready", ready)]
    metadata = {"uid": uid, "name": uid} | ({"deletionTimestamp": "now"} if deleted else {})
    return {
        "metadata": metadata,
        "status": {"conditions": [{"type": name, "status": str(holds)} for name, holds in conditions]},
    }


def test_a_pod_lives_from_scheduled_to_gone() -> None:
    times = iter((1.0, 2.0, 9.0, 20.0, 25.0))
    watch = PodWatch([], "any", clock=lambda: next(times))
    for kind, seen in (
        ("ADDED", pod("a", scheduled=False)),
        ("MODIFIED", pod("a")),
        ("MODIFIED", pod("a", ready=True)),
        ("MODIFIED", pod("a", ready=True, deleted=True)),
        ("DELETED", pod("a", deleted=True)),
    ):
        watch.take({"type": kind, "object": seen})
    life = watch.lives["a"]
    assert (life.scheduled, life.startup, life.gone) == (2.0, 7.0, 25.0)
    assert [life.serving(at) for at in (8.9, 9.0, 19.9, 20.0)] == [False, True, True, False]
    assert life.seconds(0, 100) == 23
    assert life.seconds(10, 15) == 5


def test_a_retired_pod_that_comes_back_serves_again() -> None:
    times = iter((1.0, 2.0, 3.0))
    watch = PodWatch([], "any", clock=lambda: next(times))
    for ready in (True, False, True):
        watch.take({"type": "MODIFIED", "object": pod("a", ready=ready)})
    assert watch.lives["a"].serving(4.0)


def test_host_cpu_counts_waiting_for_disks_as_idle() -> None:
    before = read("cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 1\n")
    after = read("cpu  40 0 20 120 20 0 0 0 0 0\ncpu0 1\n")
    assert (before, after) == ((80, 100), (140, 200))
    assert busy_percent(before, after) == 40


def test_a_process_tells_its_cpu_time_and_one_that_is_gone_tells_nothing() -> None:
    assert seconds_of(os.getpid()) > 0
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert seconds_of(process.pid) == 0


def test_an_error_is_no_200_within_the_deadline() -> None:
    def record(at: float, took: float, status: int = 200, error: str = "") -> Record:
        return Record(intended=at, sent=at, finished=at + took, status=status, error=error)

    records = (record(0.5, 0.3), record(1.5, 2.5), record(2.5, 0.1, 429), record(3.5, 2.0, 0, "deadline"))
    result = result_of(
        SCENARIOS["step"],
        SYSTEMS["static"],
        1,
        run=Run(started=0, records=records),
        lives=[],
        cpu_percent=10,
        route=Route.SERVICE,
    )
    assert (result.requests, result.errors) == (4, 3)
    assert sum(result.failed) == 3
    assert result.p99_s == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("cpu", "lag", "void"), [(69.0, 0.01, False), (71.0, 0.01, True), (10.0, 0.06, True)]
)
def test_a_run_on_a_busy_machine_or_of_a_late_client_is_void(cpu: float, lag: float, void: bool) -> None:
    assert bool(_result(cpu_percent=cpu, lag_p99_s=lag).void) is void


def test_runs_are_appended_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    assert read_all(file) == []
    append(_result(seed=1), file)
    append(_result(seed=2), file)
    assert [each.seed for each in read_all(file)] == [1, 2]
    assert read_all(file)[0].error_percent == 10


def test_healthy_is_after_the_last_bad_second() -> None:
    assert time_to_healthy([100] * 5, [0, 2, 0, 2, 1], since=1) == 3
    assert time_to_healthy([100] * 5, [50, 0, 0, 0, 0], since=1) == 0
    assert per_second([0.1, 0.9, 1.0, 9.0], 3) == [2, 1, 1]


def test_the_tail_is_of_answered_requests() -> None:
    answers = [
        Answer(intended=1, latency=0.3),
        Answer(intended=5, latency=0.9),
        Answer(intended=1, latency=None),
    ]
    assert tail(answers) == 0.9
    assert tail(answers, before=5) == 0.3


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_scenarios_are_repeatable_ordered_and_within_their_time(name: str) -> None:
    scenario = SCENARIOS[name]
    sends = scenario.make(1)
    assert sends == scenario.make(1)
    assert sends != scenario.make(2)
    assert [send.at for send in sends] == sorted(send.at for send in sends)
    assert 0 <= sends[0].at <= sends[-1].at < scenario.seconds
    assert 40 < peak_rate(sends) < 110


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_every_system_gets_the_same_pods_and_ceiling(name: str, scenario: str) -> None:
    system = system_in(name, scenario)
    made = {each["kind"]: each["spec"] for each in manifests_of(system, "here")}
    if "WarmModelPool" in made:
        spec = PoolSpec.model_validate(made["WarmModelPool"])
        assert spec.scaling.max_replicas == system.server.ceiling
        assert system.server.floor <= spec.scaling.min_replicas <= system.at_rest
        resources, image = spec.server.resources.to_wire(), spec.server.image
        assert spec.startup.warmup.requests == WARMUP_REQUESTS
    else:
        container = made["Deployment"]["template"]["spec"]["containers"][0]
        resources, image = container["resources"], container["image"]
        assert {"name": Env.WARMUP_REQUESTS, "value": str(WARMUP_REQUESTS)} in container["env"]
        bounds = {
            (each["minReplicas"], each["maxReplicas"])
            if kind == "HorizontalPodAutoscaler"
            else (each["minReplicaCount"], each["maxReplicaCount"])
            for kind, each in made.items()
            if kind in ("HorizontalPodAutoscaler", "ScaledObject")
        }
        assert bounds == ({(system.server.floor, system.server.ceiling)} if system.scaler else set())
    reference = manifests_of(system_in("ours_b0", scenario), "here")[0]["spec"]["server"]
    assert (resources, image) == (reference["resources"], reference["image"])


def test_who_knows_at_once_asks_at_the_step() -> None:
    setup = setup_of(SCENARIOS["step"], SYSTEMS["ours_b0"], 1, startups_s=[[10.0]], route=Route.SERVICE)
    assert foreknown(setup)[0][0] == 20_000


def test_simulated_runs_have_the_shape_of_real_ones() -> None:
    step = SCENARIOS["step"]
    ours = simulated(step, SYSTEMS["ours_b0"], 1, startups_s=[[10.0]], route=Route.INGRESS)
    others = [
        modelled(step, name, 1, startups_s=[[10.0]], route=Route.INGRESS) for name in (*MODELLED, PHYSICS)
    ]
    for run in (ours, *others):
        assert run.requests == len(step.make(1)) == sum(run.offered)
        assert run.errors == sum(run.failed)
        assert len(run.ready) == len(run.pods) == len(run.offered)
    assert others[-1].errors <= ours.errors


def _result(**changes: Any) -> Result:
    fields: dict[str, Any] = {
        "kind": "real",
        "scenario": "step",
        "system": "ours",
        "seed": 1,
        "route": "Service",
        "requests": 100,
        "errors": 10,
        "p99_s": 0.5,
        "steady_p99_s": 0.3,
        "pod_seconds": 100.0,
        "time_to_healthy_s": 5.0,
    }
    return Result(**fields | changes)


def test_keda_scales_on_a_figure_that_the_servers_have() -> None:
    (wanted,) = [each for each in manifests_of(SYSTEMS["keda"], "here") if each["kind"] == "ScaledObject"]
    services = {
        each["metadata"]["name"]: each["spec"]["ports"][0]["port"]
        for each in manifests_of(SYSTEMS["keda"], "here")
        if each["kind"] == "Service"
    }
    trigger = wanted["spec"]["triggers"][0]["metadata"]
    url = urlsplit(trigger["url"])
    # KEDA reads Service and namespace from the host's first two words.
    name, namespace, _ = str(url.hostname).split(".")
    assert (services[name], namespace, url.path) == (url.port, "here", AdminPath.METRICS)
    assert trigger["valueLocation"] == Metric.INFLIGHT


def test_a_size_keeps_to_the_bounds_and_is_cheaper_than_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sizing, "FLOORS", (10, 2))
    monkeypatch.setattr(sizing, "BUFFERS", (0, 2, 7))
    monkeypatch.setattr(sizing, "KEEP_ALIVE_SECONDS", (15,))
    found = list(sizing.sizes(SCENARIOS["ramp"], startups_s=[[11.0]], route=Route.INGRESS))
    shown = [(size.scaling["minReplicas"], size.scaling["concurrencyBuffer"]) for size in found]
    assert shown == [(10, 0), (2, 2)], "a floor of 2 without a buffer fails some; more of a buffer costs more"
    assert found[0].pod_seconds > found[1].pod_seconds
    assert all(size.error_percent <= sizing.MAX_ERROR_PERCENT for size in found)
