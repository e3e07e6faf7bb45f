"""Whether a pool's times agree with each other and with what was measured, and which number would make them.

The operator computes probes, deadlines and the grace period from the pool's own numbers, so they disagree only
where `podTemplate` overrides them, or where the numbers themselves do not fit the model. Nothing here changes a
pod: what is learned is said, and a person decides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from warmpool_operator.api import names
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.desired.timing import timing_of

FACTOR = 2
"""A limit should be this many times what is usual: starts side by side on one node take up to twice as long."""
DEFAULT_PERIOD, DEFAULT_FAILURES = 10, 3
"""Of every probe in Kubernetes."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What was measured of a pool.

    Attributes:
        start_p95_ms: of its starts, None before there are enough of them.
        service_ms: mean time of one request, 0 before the first.
    """

    start_p95_ms: int | None = None
    service_ms: int = 0


def disagreements(spec: PoolSpec, template: Mapping[str, Any], learned: Learned) -> list[str]:
    """Return what does not fit, each with the number that would.

    Args:
        spec: of the pool.
        template: its pod template with the overlay on top.
        learned: what was measured.
    """
    pod, server = template.get("spec") or {}, server_of(template)
    return [*_probes(spec, server), *_grace(spec, pod), *_timeout(spec, learned), *_latency(spec, learned)]


def server_of(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the server's container of a pod template, empty if it has none."""
    containers = (template.get("spec") or {}).get("containers") or []
    return next((each for each in containers if each.get("name") == names.CONTAINER), {})


def probe_seconds(probe: Mapping[str, Any] | None) -> int | None:
    """Return after how many seconds a probe that never succeeds gives up; None without a probe."""
    if not probe:
        return None
    tries = probe.get("periodSeconds", DEFAULT_PERIOD) * probe.get("failureThreshold", DEFAULT_FAILURES)
    return int(probe.get("initialDelaySeconds", 0) + tries)


def _probes(spec: PoolSpec, server: Mapping[str, Any]) -> Iterator[str]:
    allowed = spec.startup.timeout_seconds
    startup, liveness = probe_seconds(server.get("startupProbe")), probe_seconds(server.get("livenessProbe"))
    if startup is None and liveness is not None and liveness < allowed:
        yield (
            f"podTemplate has no startup probe, so the liveness probe stops a server that loads for {liveness} s,"
            f" while startup.timeoutSeconds allows {allowed}: remove the probes from podTemplate"
        )
    if startup is not None and startup < allowed:
        yield (
            f"the startup probe in podTemplate gives up after {startup} s, while startup.timeoutSeconds allows"
            f" {allowed}: remove it, or set startup.timeoutSeconds to {startup}"
        )


def _grace(spec: PoolSpec, pod: Mapping[str, Any]) -> Iterator[str]:
    grace, needed = pod.get("terminationGracePeriodSeconds"), timing_of(spec).termination_grace
    if isinstance(grace, int) and grace < needed:
        yield (
            f"podTemplate.spec.terminationGracePeriodSeconds is {grace}, and draining takes up to {needed} s:"
            f" remove it or set it to {needed}, or accepted requests are lost"
        )


def _timeout(spec: PoolSpec, learned: Learned) -> Iterator[str]:
    if learned.start_p95_ms is None:
        return
    wanted, allowed = ceil_div(FACTOR * learned.start_p95_ms, 1000), spec.startup.timeout_seconds
    if allowed < wanted:
        yield (
            f"startup.timeoutSeconds is {allowed}, and 95 % of the starts take up to"
            f" {learned.start_p95_ms / 1000:.1f} s: set it to {wanted}, twice that"
        )


def _latency(spec: PoolSpec, learned: Learned) -> Iterator[str]:
    target = spec.server.latency_target_ms
    if learned.service_ms > target:
        yield (
            f"server.latencyTargetMs is {target}, and one request alone takes {learned.service_ms} ms, so none"
            f" may wait: set it to {FACTOR * learned.service_ms}"
        )
