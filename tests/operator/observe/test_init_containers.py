"""What fails before or beside a server is said: init containers, the fetch, the sidecar that warms."""

from typing import Any

import pytest

from tests.operator.observe.kubelet import pod, waiting
from warmpool_operator.api.names import Reason
from warmpool_operator.observe.pods import Stage, view

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
