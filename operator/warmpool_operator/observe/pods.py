"""One pod as the operator sees it: how far it has come, and what keeps it from going further.

Read from the Pod object alone. Whether a warm pod computes, idles or drains only the pod itself can say
(`observe.scrape`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.api.names import Reason

Manifest = Mapping[str, Any]

IMAGE_ERRORS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
TEMPLATE_HASH_LABEL = "pod-template-hash"
"""Set by the Deployment controller; with the Deployment's name in front it is the name of the ReplicaSet."""
CONFIG_ERRORS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


class Stage(StrEnum):
    """How far a pod has come."""

    PENDING = "Pending"
    IMAGE_PULL = "ImagePull"
    SETUP = "Setup"
    WARM = "Warm"
    FAILED = "Failed"


LOADING = frozenset({Stage.PENDING, Stage.IMAGE_PULL, Stage.SETUP})


@dataclass(frozen=True)
class Trouble:
    """Why a pod does not become warm: a reason for programs, a sentence for people."""

    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class _Startup:
    """What the kubelet allows the server: seconds to start (None: no startup probe), and to end once told to."""

    seconds: int | None
    grace: int

    def ran_out(self, terminated: Manifest) -> bool:
        """Whether a container ended because it did not start in time.

        The kubelet does not say so in the status. What tells is an end by its signals, or by obeying them, when
        the time was over; times are whole seconds and the first probe comes at once, hence the margins.
        """
        times = terminated.get("startedAt"), terminated.get("finishedAt")
        if self.seconds is None or None in times or terminated.get("exitCode") not in {0, 137, 143}:
            return False
        began, ended = (datetime.fromisoformat(str(time)) for time in times)
        ran = (ended - began).total_seconds()
        return self.seconds - 2 <= ran <= self.seconds + self.grace + 5


@dataclass(frozen=True, kw_only=True)
class PodView:
    """What the Pod object says.

    Attributes:
        name: pod name.
        uid: identity.
        ip: address, once there is one.
        stage: how far it has come; WARM once the startup probe has succeeded.
        ready: the Ready condition: whether it is among the Service's endpoints.
        terminating: whether it was deleted.
        trouble: why it does not come further, if that is known.
    """

    name: str
    uid: str
    ip: str | None
    stage: Stage
    ready: bool
    terminating: bool
    trouble: Trouble | None = None

    @property
    def loading(self) -> bool:
        """On its way to warm, with nothing known that stops it."""
        return self.stage in LOADING and self.trouble is None


def view(pod: Manifest) -> PodView:
    """Return the view of one live Pod object."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    conditions = {item["type"]: item for item in status.get("conditions") or []}
    stage, trouble = _stage(status, conditions, _startup_of(pod))
    return PodView(
        name=metadata["name"],
        uid=metadata["uid"],
        ip=status.get("podIP"),
        stage=stage,
        ready=conditions.get("Ready", {}).get("status") == "True",
        terminating="deletionTimestamp" in metadata,
        trouble=trouble,
    )


def counts(pod: Manifest) -> bool:
    """Whether a pod is one of the workload's replicas.

    Pods that ended for good are not. Neither are pods that only carry the labels, such as a copy made to debug:
    they would be counted in place of warm pods, and be handed the token that retires those.
    """
    if (pod.get("status") or {}).get("phase") in {"Failed", "Succeeded"}:
        return False
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    replica_set = f"{labels.get(names.LABEL_POOL)}-{labels.get(TEMPLATE_HASH_LABEL)}"
    owners = metadata.get("ownerReferences") or []
    return any(owner.get("controller") and owner["name"] == replica_set for owner in owners)


def _stage(
    status: Manifest, conditions: Mapping[str, Manifest], startup: _Startup
) -> tuple[Stage, Trouble | None]:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        blocked = scheduled.get("reason") == "Unschedulable"
        trouble = Trouble(Reason.NO_NODE, scheduled.get("message", "")) if blocked else None
        return Stage.PENDING, trouble
    container = next(
        (each for each in status.get("containerStatuses") or [] if each["name"] == names.CONTAINER), None
    )
    if not _runs(container):
        if (trouble := _before_it(status)) is not None:
            return Stage.FAILED, trouble
        if _fetches(status):
            return Stage.SETUP, None
    if container is None:
        return Stage.PENDING if not scheduled else Stage.IMAGE_PULL, None
    return _container_stage(container, startup)


def _startup_of(pod: Manifest) -> _Startup:
    spec = pod.get("spec") or {}
    probes = (
        each.get("startupProbe") for each in spec.get("containers") or [] if each["name"] == names.CONTAINER
    )
    probe = next(probes, None) or {}
    return _Startup(
        seconds=probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3) if probe else None,
        grace=spec.get("terminationGracePeriodSeconds", 30),
    )


def _runs(container: Manifest | None) -> bool:
    return container is not None and "running" in (container.get("state") or {})


def _before_it(status: Manifest) -> Trouble | None:
    """Return what an init container fails of: the server's own status then only says that it waits."""
    for container in status.get("initContainerStatuses") or []:
        state = container.get("state") or {}
        if (state.get("terminated") or {}).get("exitCode") == 0:
            continue
        # The kubelet calls a running init container started: that is no reason to forget how the last try ended.
        trouble = _container_stage(container | {"started": False}, _Startup(seconds=None, grace=0))[1]
        if trouble is None:
            continue
        if container["name"] == names.FETCH_CONTAINER and trouble.reason == Reason.CRASH_LOOP:
            return Trouble(Reason.MODEL_FETCH, trouble.message.partition(": ")[2] or trouble.message)
        return Trouble(trouble.reason, f"init container {container['name']}: {trouble.message}")
    return None


def _fetches(status: Manifest) -> bool:
    return any(
        each["name"] == names.FETCH_CONTAINER and "running" in (each.get("state") or {})
        for each in status.get("initContainerStatuses") or []
    )


def _container_stage(container: Manifest, startup: _Startup) -> tuple[Stage, Trouble | None]:
    state = container.get("state") or {}
    if "running" in state:
        if container.get("started"):
            return Stage.WARM, None
        # A start after a failed one is not yet a better one: the reason stays until the pod is warm.
        return Stage.SETUP, _ended(last, startup) if (last := _last_end(container)) else None
    if "terminated" in state:
        return Stage.FAILED, _ended(state["terminated"], startup)
    waiting = state.get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in IMAGE_ERRORS:
        return Stage.FAILED, Trouble(Reason.IMAGE_PULL, f"{container.get('image', '')}: {message or reason}")
    if reason in CONFIG_ERRORS:
        return Stage.FAILED, Trouble(Reason.CONFIG_ERROR, message or reason)
    if reason == "CrashLoopBackOff":
        return Stage.FAILED, _ended(_last_end(container), startup)
    return Stage.IMAGE_PULL, None


def _last_end(container: Manifest) -> Manifest:
    end: Manifest = (container.get("lastState") or {}).get("terminated") or {}
    return end


def _ended(terminated: Manifest, startup: _Startup) -> Trouble:
    code = terminated.get("exitCode")
    if terminated.get("reason") == "OOMKilled":
        text = f"killed for using more memory than server.resources.limits.memory allows (exit code {code})"
        return Trouble(Reason.OUT_OF_MEMORY, text)
    if startup.ran_out(terminated):
        text = f"not warm within {startup.seconds} s, which startup.timeoutSeconds allows; raise it"
        return Trouble(Reason.STARTUP_TIMEOUT, text)
    said = (terminated.get("message") or "").strip()
    killed = ", killed from outside: a failed liveness probe, or a node without memory" if code == 137 else ""
    return Trouble(Reason.CRASH_LOOP, f"exit code {code}{killed}" + (f": {said[-500:]}" if said else ""))


def rejected_pods(deployment: Manifest | None) -> str | None:
    """Return why the API server takes no pod of a Deployment, None while it does."""
    conditions = ((deployment or {}).get("status") or {}).get("conditions") or []
    failing = (each for each in conditions if each["type"] == "ReplicaFailure" and each["status"] == "True")
    return next((str(each.get("message", "")) for each in failing), None)
