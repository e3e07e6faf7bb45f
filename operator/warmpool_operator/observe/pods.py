"""One pod as the operator sees it: how far it has come, and what keeps it from going further.

Read from the Pod object alone. Whether a warm pod computes, idles or drains only the pod itself can say
(`observe.scrape`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.api.names import Reason
from warmpool_operator.observe.allowance import NOTHING, Allowance, allowance
from warmpool_operator.observe.diagnosis import (
    Trouble,
    why_ended,
    why_evicted,
    why_not_pulled,
    why_unschedulable,
)

Manifest = Mapping[str, Any]

IMAGE_ERRORS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
TEMPLATE_HASH_LABEL = "pod-template-hash"
"""Set by the Deployment controller; with the Deployment's name in front it is the name of the ReplicaSet."""
EVICTED = "Evicted"
EVICTION_IS_NEWS_MS = 600_000
ENDED = frozenset({Reason.CRASH_LOOP, Reason.MODEL_UNUSABLE, Reason.SETTING_REFUSED})
OWN_WORDS = {names.FETCH_CONTAINER: Reason.MODEL_FETCH, names.WARM_CONTAINER: Reason.WARMUP}
"""Containers beside the server that say themselves what is wrong."""
CONFIG_ERRORS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


class Stage(StrEnum):
    """How far a pod has come."""

    PENDING = "Pending"
    IMAGE_PULL = "ImagePull"
    SETUP = "Setup"
    WARM = "Warm"
    FAILED = "Failed"


LOADING = frozenset({Stage.PENDING, Stage.IMAGE_PULL, Stage.SETUP})


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
        template: hash of its pod template.
        restarts: how often its server was started again.
        fetches: whether init containers run before the server.
    """

    name: str
    uid: str
    ip: str | None
    stage: Stage
    ready: bool
    terminating: bool
    trouble: Trouble | None = None
    template: str = ""
    restarts: int = 0
    fetches: bool = False

    @property
    def loading(self) -> bool:
        """On its way to warm, with nothing known that stops it."""
        return self.stage in LOADING and self.trouble is None


def view(pod: Manifest) -> PodView:
    """Return the view of one live Pod object."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    conditions = {item["type"]: item for item in status.get("conditions") or []}
    stage, trouble = _stage(status, conditions, allowance(pod))
    return PodView(
        name=metadata["name"],
        uid=metadata["uid"],
        ip=status.get("podIP"),
        stage=stage,
        ready=conditions.get("Ready", {}).get("status") == "True",
        terminating="deletionTimestamp" in metadata,
        trouble=trouble,
        template=(metadata.get("labels") or {}).get(TEMPLATE_HASH_LABEL, ""),
        restarts=_restarts(status),
        fetches=_fetches_first(pod.get("spec") or {}),
    )


def _fetches_first(spec: Manifest) -> bool:
    """Whether anything must end before the server starts; a sidecar does not."""
    return any(each.get("restartPolicy") != "Always" for each in spec.get("initContainers") or [])


def _restarts(status: Manifest) -> int:
    statuses = status.get("containerStatuses") or []
    return next((int(each.get("restartCount", 0)) for each in statuses if each["name"] == names.CONTAINER), 0)


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
    status: Manifest, conditions: Mapping[str, Manifest], allowed: Allowance
) -> tuple[Stage, Trouble | None]:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        blocked = scheduled.get("reason") == "Unschedulable"
        message = why_unschedulable(scheduled.get("message", ""), allowed.requests)
        trouble = Trouble(Reason.NO_NODE, message) if blocked else None
        return Stage.PENDING, trouble
    container = next(
        (each for each in status.get("containerStatuses") or [] if each["name"] == names.CONTAINER), None
    )
    if not _runs(container):
        if (trouble := _beside_it(status.get("initContainerStatuses") or [])) is not None:
            return Stage.FAILED, trouble
        if _fetches(status):
            return Stage.SETUP, None
    if container is None:
        return Stage.PENDING if not scheduled else Stage.IMAGE_PULL, None
    stage, trouble = _container_stage(container, allowed)
    if stage is Stage.SETUP and trouble is None:
        # It runs and is not started: what it waits for may be the sidecar that warms it.
        others = status.get("initContainerStatuses") or []
        trouble = _beside_it(each for each in others if each["name"] == names.WARM_CONTAINER)
    return stage, trouble


def _runs(container: Manifest | None) -> bool:
    return container is not None and "running" in (container.get("state") or {})


def _beside_it(containers: Iterable[Manifest]) -> Trouble | None:
    """Return what an init container or a sidecar fails of: the server's own status only says that it waits."""
    for container in containers:
        state = container.get("state") or {}
        if (state.get("terminated") or {}).get("exitCode") == 0:
            continue
        # The kubelet calls a running init container started: that is no reason to forget how the last try ended.
        trouble = _container_stage({**container, "started": False}, NOTHING)[1]
        if trouble is None:
            continue
        if (reason := OWN_WORDS.get(container["name"])) is not None and trouble.reason in ENDED:
            return Trouble(reason, trouble.message.partition(": ")[2] or trouble.message)
        return Trouble(trouble.reason, f"init container {container['name']}: {trouble.message}")
    return None


def _fetches(status: Manifest) -> bool:
    return any(
        each["name"] == names.FETCH_CONTAINER and "running" in (each.get("state") or {})
        for each in status.get("initContainerStatuses") or []
    )


def _container_stage(container: Manifest, allowed: Allowance) -> tuple[Stage, Trouble | None]:
    state = container.get("state") or {}
    if "running" in state:
        if container.get("started"):
            return Stage.WARM, None
        # A start after a failed one is not yet a better one: the reason stays until the pod is warm.
        return Stage.SETUP, why_ended(last, allowed) if (last := _last_end(container)) else None
    if "terminated" in state:
        return Stage.FAILED, why_ended(state["terminated"], allowed)
    waiting = state.get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in IMAGE_ERRORS:
        return Stage.FAILED, Trouble(
            Reason.IMAGE_PULL, why_not_pulled(container.get("image", ""), message or reason)
        )
    if reason in CONFIG_ERRORS:
        return Stage.FAILED, Trouble(Reason.CONFIG_ERROR, message or reason)
    # With whatever reason it waits, such as ContainerCreating: one that ended before is between two tries.
    if reason == "CrashLoopBackOff" or _last_end(container):
        return Stage.FAILED, why_ended(_last_end(container), allowed)
    return Stage.IMAGE_PULL, None


def _last_end(container: Manifest) -> Manifest:
    end: Manifest = (container.get("lastState") or {}).get("terminated") or {}
    return end


def rejected_pods(deployment: Manifest | None) -> Trouble | None:
    """Return why the API server takes no pod of a Deployment, None while it does."""
    conditions = ((deployment or {}).get("status") or {}).get("conditions") or []
    failing = (each for each in conditions if each["type"] == "ReplicaFailure" and each["status"] == "True")
    said = next((str(each.get("message", "")) for each in failing), None)
    return None if said is None else Trouble(Reason.PODS_REJECTED, said)


def evicted(pods: Iterable[Manifest], *, now_ms: int) -> Trouble | None:
    """Return why the kubelet evicted the newest of the pods that ended so lately, None if none did.

    Pods that ended stay for hours: an eviction of yesterday does not explain a pod that is missing now.
    """
    gone = {at_ms: pod for pod in pods if (at_ms := _evicted_ms(pod)) is not None}
    newest = max(gone, default=None)
    if newest is None or now_ms - newest > EVICTION_IS_NEWS_MS:
        return None
    return Trouble(Reason.EVICTED, why_evicted(str(gone[newest]["status"].get("message", ""))))


def _evicted_ms(pod: Manifest) -> int | None:
    """Return when a pod was evicted, in milliseconds since the epoch; None if it was not."""
    status = pod.get("status") or {}
    if status.get("reason") != EVICTED:
        return None
    conditions = {each["type"]: each for each in status.get("conditions") or []}
    at = conditions.get("DisruptionTarget", {}).get("lastTransitionTime")
    at = at or pod["metadata"]["creationTimestamp"]
    return round(datetime.fromisoformat(at).timestamp() * 1000)
