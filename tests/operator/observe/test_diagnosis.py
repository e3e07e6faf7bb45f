"""A failed start is a sentence with the number that would fix it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from warmpool_operator.api.names import Reason
from warmpool_operator.observe.allowance import Allowance, allowance
from warmpool_operator.observe.diagnosis import why_ended, why_evicted, why_not_pulled, why_unschedulable
from warmpool_operator.observe.pods import evicted

LOADING = '{"ts":"…","level":"info","msg":"loading","weightsBytes":%d}\n'


def allowed(**fields: Any) -> Allowance:
    known: dict[str, Any] = {
        "startup_seconds": 60,
        "liveness_seconds": None,
        "grace": 30,
        "memory": "256Mi",
        "requests": {},
    }
    return Allowance(**known | fields)


@pytest.mark.parametrize(
    ("memory", "said", "told"),
    [
        ("256Mi", LOADING % (400 << 20), "256Mi (exit code 137). The weights are 400Mi: set it to 800Mi"),
        ("256Mi", "weightsBytes=419430400", "set it to 800Mi"),
        ("2Gi", LOADING % (400 << 20), "2Gi (exit code 137). Set it to 3072Mi, half as much again"),
        ("256Mi", "", "Set it to 384Mi, half as much again"),
        (None, "", "set server.resources.limits.memory"),
    ],
)
def test_out_of_memory_names_the_memory_that_would_do(memory: str | None, said: str, told: str) -> None:
    trouble = why_ended({"reason": "OOMKilled", "exitCode": 137, "message": said}, allowed(memory=memory))
    assert trouble.reason == Reason.OUT_OF_MEMORY
    assert trouble.message.endswith(told)


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (2, "WARMPOOL_LOG_LEVEL: 'loud' is none of …", Reason.SETTING_REFUSED),
        (3, "no model: the folder /x does not exist", Reason.MODEL_UNUSABLE),
        (3, "", Reason.CRASH_LOOP),
        (1, "boom", Reason.CRASH_LOOP),
    ],
)
def test_the_last_words_are_told(code: int, said: str, reason: str) -> None:
    trouble = why_ended({"reason": "Error", "exitCode": code, "message": said}, allowed())
    assert (trouble.reason, said in trouble.message) == (reason, True)


def test_a_liveness_probe_without_a_startup_probe_is_blamed_for_its_kill() -> None:
    probe = {"periodSeconds": 1, "failureThreshold": 3, "initialDelaySeconds": 2}
    pod = {"spec": {"containers": [{"name": "server", "livenessProbe": probe}]}}
    ended = {
        "exitCode": 0,
        "startedAt": "2026-01-01T00:00:00Z",
        "finishedAt": "2026-01-01T00:00:05Z",
    }
    trouble = why_ended(ended, allowance(pod))
    assert trouble.reason == Reason.PROBE_KILLS_LOADER
    assert "5 s after it began" in trouble.message
    held_back = {"spec": {"containers": [{"name": "server", "livenessProbe": probe, "startupProbe": {}}]}}
    assert allowance(held_back).liveness_seconds == 5, "an empty probe is none"
    held_back["spec"]["containers"][0]["startupProbe"] = {"failureThreshold": 9}
    assert (allowance(held_back).liveness_seconds, allowance(held_back).startup_seconds) == (None, 90)


def test_what_no_node_has_is_named_with_what_is_asked() -> None:
    # As the scheduler of Kubernetes 1.34 says it.
    message = (
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, …"
    )
    told = why_unschedulable(message, {"cpu": "20m", "memory": "900Gi"})
    assert "no node has 900Gi of memory free (server.resources.requests.memory)" in told
    assert "20m of cpu" in told
    assert told.endswith(message)


def test_a_taint_is_told_with_what_may_have_caused_it() -> None:
    taint = "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/memory-pressure: }."
    assert why_unschedulable(taint, {}) == f"a node is short of memory; {taint}"
    other = "0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}."
    assert why_unschedulable(other, {}) == other
    # Kubernetes 1.34 keeps the names to itself.
    unnamed = "0/1 nodes are available: 1 node(s) had untolerated taint(s). no new claims to deallocate"
    hint = "a taint keeps the pod off a node: kubectl describe nodes shows which"
    assert why_unschedulable(unnamed, {"memory": "96Mi"}) == f"{hint}; {unnamed}"
    told = why_unschedulable(unnamed, {})
    assert told.startswith(f"{hint}; if that is memory-pressure: ")
    assert told.endswith(f"set server.resources.requests.memory; {unnamed}")


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("failed to resolve reference: registry.example/x:1: not found", "the name or the tag"),
        ("pull access denied, 401 Unauthorized", "imagePullSecrets"),
        ("dial tcp: lookup registry.invalid: no such host", "cannot reach the registry"),
        ("something new", "x:1: something new"),
    ],
)
def test_a_pull_that_fails_comes_with_what_would_help(message: str, hint: str) -> None:
    told = why_not_pulled("x:1", message)
    assert hint in told
    assert told.endswith(message)


def test_the_newest_eviction_is_told_while_it_is_news() -> None:
    def gone(at: str, message: str, **status: Any) -> dict[str, Any]:
        known = {"phase": "Failed", "reason": "Evicted", "message": message}
        return {"metadata": {"creationTimestamp": at}, "status": known | status}

    moved = {"type": "DisruptionTarget", "lastTransitionTime": "2026-01-01T02:00:00Z"}
    long_lived = gone("2026-01-01T00:00:00Z", "low on resource: memory.", conditions=[moved])
    short_lived = gone("2026-01-01T01:00:00Z", "before")
    now_ms = round(datetime(2026, 1, 1, 2, 9, tzinfo=UTC).timestamp() * 1000)
    trouble = evicted(
        [long_lived, short_lived, {"metadata": {}, "status": {"phase": "Running"}}], now_ms=now_ms
    )
    assert trouble is not None
    assert trouble.reason == Reason.EVICTED
    assert trouble.message.startswith(
        "evicted: low on resource: memory; raise server.resources.requests.memory"
    )
    assert evicted([long_lived], now_ms=now_ms + 120_000) is None
    assert evicted([{"metadata": {}, "status": {"phase": "Failed"}}], now_ms=now_ms) is None
    told = why_evicted("Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ")
    assert "of containers 1Mi; raise server.resources.limits.ephemeral-storage or the volume" in told
