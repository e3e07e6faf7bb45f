"""How far a pod has come, and what keeps it, from Pod objects as a kubelet writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.operator.observe.kubelet import SCHEDULED, pod, waiting
from warmpool_operator.api.names import Reason
from warmpool_operator.observe.pods import Stage, counts, view

END = {"exitCode": 3, "reason": "Error", "message": "the golden vector differs"}
OOM = {"exitCode": 137, "reason": "OOMKilled"}

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
