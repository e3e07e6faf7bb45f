"""Why a pod does not become warm: a reason for programs, a sentence with the number that would fix it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warmpool_operator.api.names import WEIGHTS_BYTES, Reason
from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.capacity.quantity import bytes_of, mebibytes
from warmpool_operator.observe.allowance import Allowance

Manifest = Mapping[str, Any]
MAX_WORDS = 500
"""Characters of a container's last words; conditions are read in a terminal."""
WEIGHTS_FACTOR = 2
"""A server holds the weights, and about as much again while it loads them."""
EXIT_SETTING, EXIT_MODEL = 2, 3
_WEIGHTS = re.compile(rf'"{WEIGHTS_BYTES}": ?([0-9]+)|{WEIGHTS_BYTES}=([0-9]+)')
_INSUFFICIENT = re.compile(r"Insufficient ([\w./-]+?)[.,]?(?:\s|$)")
_PRESSURE = re.compile(r"node\.kubernetes\.io/(memory|disk|pid)-pressure")
_UNNAMED_TAINT = "untolerated taint(s)"
"""Older schedulers name each taint in braces, that of Kubernetes 1.34 does not."""
_NO_REQUESTS = (
    "if that is memory-pressure: the node takes no pod without requests; set server.resources.requests.memory"
)
_IMAGE_HINTS = (
    (re.compile(r"not found|manifest unknown|NotFound|InvalidImageName|couldn't parse", re.IGNORECASE),
     "correct the name or the tag in server.image"),
    (re.compile(r"unauthorized|denied|forbidden|no basic auth|401|403", re.IGNORECASE),
     "name a Secret in podTemplate.spec.imagePullSecrets"),
    (re.compile(r"no such host|timeout|refused|unreachable|server misbehaving|EOF|i/o", re.IGNORECASE),
     "the node cannot reach the registry"),
)  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """Why a pod does not become warm: a reason for programs, a sentence for people."""

    reason: str
    message: str


def why_ended(terminated: Manifest, allowed: Allowance) -> Trouble:
    """Return why a container of a pod ended, or seems to have."""
    code, said = terminated.get("exitCode"), (terminated.get("message") or "").strip()
    if terminated.get("reason") == "OOMKilled":
        return Trouble(Reason.OUT_OF_MEMORY, _out_of_memory(code, said, allowed))
    if allowed.out_of_time(terminated):
        text = f"not warm within {allowed.startup_seconds} s, which startup.timeoutSeconds allows; raise it"
        return Trouble(Reason.STARTUP_TIMEOUT, text)
    if allowed.out_of_patience(terminated):
        text = (
            f"stopped by its liveness probe {allowed.liveness_seconds} s after it began, while it was loading: the"
            " pod template has no startup probe that would hold it back. Remove the probes from podTemplate"
        )
        return Trouble(Reason.PROBE_KILLS_LOADER, text)
    words = f": {said[-MAX_WORDS:]}" if said else ""
    if code == EXIT_MODEL and said:
        return Trouble(Reason.MODEL_UNUSABLE, f"the server cannot use the model (exit code {code}){words}")
    if code == EXIT_SETTING and said:
        return Trouble(Reason.SETTING_REFUSED, f"the server refuses a setting (exit code {code}){words}")
    killed = ", killed from outside: a failed liveness probe, or a node without memory" if code == 137 else ""
    return Trouble(Reason.CRASH_LOOP, f"exit code {code}{killed}{words}")


def _out_of_memory(code: object, said: str, allowed: Allowance) -> str:
    """The limit, and the memory that would do: twice the weights where the server told their size."""
    text = f"killed for using more memory than its limit (exit code {code})"
    limit = bytes_of(allowed.memory)
    if limit is None:
        return f"{text}; set server.resources.limits.memory"
    text = f"killed for using more than server.resources.limits.memory, {allowed.memory} (exit code {code})"
    told = _WEIGHTS.findall(said)
    weights = int("".join(told[-1])) if told else 0
    if WEIGHTS_FACTOR * weights > limit:
        return (
            f"{text}. The weights are {mebibytes(weights)}: set it to {mebibytes(WEIGHTS_FACTOR * weights)}"
        )
    return f"{text}. Set it to {mebibytes(ceil_div(limit * 3, 2))}, half as much again"


def why_unschedulable(message: str, requests: Mapping[str, str]) -> str:
    """Return the scheduler's message with the request that no node has room for."""
    lacking = [name for name in dict.fromkeys(_INSUFFICIENT.findall(message)) if name in requests]
    asked = [
        f"no node has {requests[name]} of {name} free (server.resources.requests.{name})" for name in lacking
    ]
    asked += [f"a node is short of {name}" for name in dict.fromkeys(_PRESSURE.findall(message))]
    if _UNNAMED_TAINT in message:
        asked.append("a taint keeps the pod off a node: kubectl describe nodes shows which")
        asked += [] if requests else [_NO_REQUESTS]
    return "; ".join([*asked, message])


def why_not_pulled(image: str, message: str) -> str:
    """Return the image, what would help, and the kubelet's words."""
    hint = next((f"{text}: " for pattern, text in _IMAGE_HINTS if pattern.search(message)), "")
    return f"{image}: {hint}{message}"


def why_evicted(message: str) -> str:
    """Return the kubelet's words on an eviction, and what keeps it from coming again."""
    resource = next((name for name in ("ephemeral", "memory", "pid") if name in message.lower()), None)
    remedy = {
        "ephemeral": "raise server.resources.limits.ephemeral-storage or the volume's sizeLimit",
        "memory": "raise server.resources.requests.memory to what the pod uses, so that its node keeps it free",
        "pid": "the node has too many processes",
    }
    return f"evicted: {message.strip().rstrip('.')}" + (f"; {remedy[resource]}" if resource else "")
