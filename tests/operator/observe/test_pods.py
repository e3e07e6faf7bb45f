"""How far a pod has come, and what keeps it, from Pod objects as a kubelet writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from warmpool_operator.api.names import Reason
from warmpool_operator.observe.pods import Stage, counts, view

SCHEDULED = {"type": "PodScheduled", "status": "True"}
END = {"exitCode": 3, "reason": "Error", "message": "the golden vector differs"}
OOM = {"exitCode": 137, "reason": "OOMKilled"}


def pod(
    *, container: dict[str, Any] | None = None, conditions: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    status: dict[str, Any] = {
        "phase": "Pending",
        "conditions": conditions if conditions is not None else [SCHEDULED],
    }
    if container is not None:
        status["containerStatuses"] = [
            {"name": "sidecar", "state": {"running": {}}, "started": True},
            {"name": "server", "image": "some/image:1", **container},
        ]
    return {"metadata": {"name": "p", "uid": "u"}, "status": status}


def waiting(reason: str, **more: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": "as the kubelet says"}}, **more}


CASES = [
    ("new", pod(conditions=[]), Stage.PENDING, None),
    ("scheduled", pod(), Stage.IMAGE_PULL, None),
    ("creating", pod(container=waiting("ContainerCreating")), Stage.IMAGE_PULL, None),
    (
        "between two tries",
        pod(container=waiting("ContainerCreating", lastState={"terminated": END | {"exitCode": 1}})),
        Stage.FAILED,
        Reason.CRASH_LOOP,
    ),
    ("pull error", pod(container=waiting("ErrImagePull")), Stage.FAILED, Reason.IMAGE_PULL),
    ("pull backoff", pod(container=waiting("ImagePullBackOff")), Stage.FAILED, Reason.IMAGE_PULL),
    ("bad name", pod(container=waiting("InvalidImageName")), Stage.FAILED, Reason.IMAGE_PULL),
    ("no secret", pod(container=waiting("CreateContainerConfigError")), Stage.FAILED, Reason.CONFIG_ERROR),
    ("loading", pod(container={"state": {"running": {}}, "started": False}), Stage.SETUP, None),
    ("warm", pod(container={"state": {"running": {}}, "started": True}), Stage.WARM, None),
    ("ended", pod(container={"state": {"terminated": END}}), Stage.FAILED, Reason.MODEL_UNUSABLE),
    (
        "crash loop",
        pod(container=waiting("CrashLoopBackOff", lastState={"terminated": END | {"exitCode": 1}})),
        Stage.FAILED,
        Reason.CRASH_LOOP,
    ),
    (
        "second try",
        pod(container={"state": {"running": {}}, "started": False, "lastState": {"terminated": OOM}}),
        Stage.SETUP,
        Reason.OUT_OF_MEMORY,
    ),
    (
        "second try that worked",
        pod(container={"state": {"running": {}}, "started": True, "lastState": {"terminated": OOM}}),
        Stage.WARM,
        None,
    ),
]


@pytest.mark.parametrize(("name", "manifest", "stage", "reason"), CASES, ids=lambda each: str(each)[:20])
def test_stage_and_trouble(name: str, manifest: dict[str, Any], stage: Stage, reason: str | None) -> None:
    seen = view(manifest)
    assert (seen.stage, seen.trouble and seen.trouble.reason) == (stage, reason)


def test_unschedulable_says_what_the_scheduler_says() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "Insufficient cpu",
    }
    seen = view(pod(conditions=[condition]))
    assert seen.trouble is not None
    assert (seen.stage, seen.trouble.message, seen.loading) == (Stage.PENDING, "Insufficient cpu", False)


def test_messages_name_the_image_and_the_last_words() -> None:
    pull = view(pod(container=waiting("ErrImagePull"))).trouble
    crash = view(pod(container={"state": {"terminated": END}})).trouble
    assert pull is not None
    assert pull.message == "some/image:1: as the kubelet says"
    assert crash is not None
    assert crash.message == "the server cannot use the model (exit code 3): the golden vector differs"


def test_ready_terminating_and_address() -> None:
    manifest = pod(conditions=[SCHEDULED, {"type": "Ready", "status": "True"}])
    manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    manifest["status"]["podIP"] = "10.0.0.9"
    seen = view(manifest)
    assert (seen.ready, seen.terminating, seen.ip) == (True, True, "10.0.0.9")


LABELS = {"warmpool.dev/pool": "minilm", "pod-template-hash": "5d8f"}
OWNER = {"kind": "ReplicaSet", "name": "minilm-5d8f", "controller": True}


def owned(*, labels: dict[str, str] = LABELS, owners: list[Any] | None = None, phase: str = "Running") -> Any:
    metadata = {"labels": labels, "ownerReferences": [OWNER] if owners is None else owners}
    return {"metadata": metadata, "status": {"phase": phase}}


@pytest.mark.parametrize(("phase", "replica"), [("Failed", False), ("Succeeded", False), ("Running", True)])
def test_pods_that_ended_for_good_are_no_replicas(phase: str, replica: bool) -> None:
    assert counts(owned(phase=phase)) is replica


@pytest.mark.parametrize(
    "stranger",
    [
        owned(owners=[]),
        owned(owners=[OWNER | {"name": "other-5d8f"}]),
        owned(owners=[OWNER | {"controller": False}]),
        owned(labels={"warmpool.dev/pool": "minilm"}),
    ],
    ids=["a copy without an owner", "of another workload", "not controlled", "not of a template"],
)
def test_pods_that_only_carry_the_labels_are_no_replicas(stranger: Any) -> None:
    assert not counts(stranger)


def started(code: int, *, seconds: int, reason: str = "Error") -> dict[str, Any]:
    """A pod with ten seconds to start whose server ended after so many."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    ended = {
        "exitCode": code,
        "reason": reason,
        "startedAt": began.isoformat().replace("+00:00", "Z"),
        "finishedAt": (began + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z"),
    }
    made = pod(container=waiting("CrashLoopBackOff", lastState={"terminated": ended}))
    probe = {"periodSeconds": 1, "failureThreshold": 10}
    containers = [{"name": "sidecar"}, {"name": "server", "startupProbe": probe}]
    return made | {"spec": {"terminationGracePeriodSeconds": 30, "containers": containers}}


@pytest.mark.parametrize(
    ("code", "seconds", "kubelet", "reason"),
    [
        (0, 10, "Completed", Reason.STARTUP_TIMEOUT),
        (143, 9, "Error", Reason.STARTUP_TIMEOUT),
        (137, 40, "Error", Reason.STARTUP_TIMEOUT),
        (137, 40, "OOMKilled", Reason.OUT_OF_MEMORY),
        (137, 4, "Error", Reason.CRASH_LOOP),
        (137, 4000, "Error", Reason.CRASH_LOOP),
        (1, 10, "Error", Reason.CRASH_LOOP),
    ],
)
def test_a_start_that_takes_too_long_is_not_taken_for_a_lack_of_memory(
    code: int, seconds: int, kubelet: str, reason: str
) -> None:
    trouble = view(started(code, seconds=seconds, reason=kubelet)).trouble
    assert trouble is not None
    assert trouble.reason == reason
    if reason == Reason.STARTUP_TIMEOUT:
        assert "10 s, which startup.timeoutSeconds allows" in trouble.message


CORRUPT = {"terminated": {"exitCode": 5, "message": "weights.bin: corrupt\n"}}


def with_init(name: str, init: dict[str, Any]) -> dict[str, Any]:
    manifest = pod(container=waiting("PodInitializing"))
    manifest["status"]["initContainerStatuses"] = [{"name": name, **init}]
    return manifest


@pytest.mark.parametrize(
    ("init", "reason"),
    [
        ({"state": {"terminated": {"exitCode": 0}}}, None),
        ({"state": {"running": {}}}, None),
        ({"state": {"terminated": {"exitCode": 4, "message": "cannot"}}}, Reason.CRASH_LOOP),
        (waiting("ImagePullBackOff", image="migrate:9"), Reason.IMAGE_PULL),
    ],
)
def test_an_init_container_that_fails_is_said(init: dict[str, Any], reason: str | None) -> None:
    seen = view(with_init("migrate", init))
    assert (seen.trouble and seen.trouble.reason) == reason
    assert seen.loading is (reason is None)
    if seen.trouble is not None:
        assert seen.trouble.message.startswith("init container migrate: ")


@pytest.mark.parametrize(
    "init",
    [
        {"state": CORRUPT},
        {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": CORRUPT},
        {"state": {"running": {}}, "started": True, "lastState": CORRUPT},
    ],
)
def test_a_model_that_cannot_be_fetched_is_said_in_its_own_words(init: dict[str, Any]) -> None:
    seen = view(with_init("fetch", init))
    assert seen.trouble is not None
    assert (seen.trouble.reason, seen.trouble.message) == (Reason.MODEL_FETCH, "weights.bin: corrupt")


def test_a_pod_that_fetches_is_being_set_up() -> None:
    assert view(with_init("fetch", {"state": {"running": {}}})).stage is Stage.SETUP
    assert view(with_init("migrate", {"state": {"running": {}}})).stage is Stage.IMAGE_PULL


REFUSED = {"terminated": {"exitCode": 6, "message": "/generate answers 404 to the warm-up request"}}


def warmed_by(sidecar: dict[str, Any], *, started: bool, name: str = "warm") -> dict[str, Any]:
    manifest = pod(container={"state": {"running": {}}, "started": started})
    manifest["status"]["initContainerStatuses"] = [{"name": name, "started": True, **sidecar}]
    manifest["spec"] = {"initContainers": [{"name": name, "restartPolicy": "Always"}]}
    return manifest


@pytest.mark.parametrize(
    "sidecar",
    [
        {"state": REFUSED},
        {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": REFUSED},
        {"state": {"running": {}}, "lastState": REFUSED},
    ],
)
def test_a_server_that_cannot_be_warmed_is_said_in_the_words_of_the_sidecar(sidecar: dict[str, Any]) -> None:
    seen = view(warmed_by(sidecar, started=False))
    assert seen.trouble is not None
    assert (seen.stage, seen.trouble.reason) == (Stage.SETUP, Reason.WARMUP)
    assert seen.trouble.message == "/generate answers 404 to the warm-up request"
    warm = view(warmed_by(sidecar, started=True))
    assert (warm.stage, warm.trouble) == (Stage.WARM, None)


def test_a_pod_that_is_being_warmed_is_loading_and_fetches_nothing() -> None:
    seen = view(warmed_by({"state": {"running": {}}}, started=False))
    assert (seen.stage, seen.loading, seen.fetches) == (Stage.SETUP, True, False)


def test_sidecars_of_others_are_not_what_a_running_server_waits_for() -> None:
    seen = view(warmed_by({"state": {"running": {}}, "lastState": REFUSED}, started=False, name="mesh"))
    assert seen.loading
