"""Every period and deadline of a pod, computed from the pool's own numbers so that they cannot disagree.

The startup probe gives a loader exactly `startup.timeoutSeconds`; the Deployment's progress deadline is longer
than that plus an image pull, or a slow but healthy rollout would be called failed; the grace period is longer
than what the server needs to let load balancers forget the pod and to answer what it has accepted.
"""

from dataclasses import dataclass

from warmpool_operator.api.pool import PoolSpec

STARTUP_PERIOD_SECONDS = 1
IMAGE_PULL_SECONDS = 600
"""Allowance for scheduling and an image pull before the container starts."""
FETCH_SECONDS = 1800
"""Allowance for fetching a model: 100 GB at 60 MB/s."""
DRAIN_PROPAGATION_SECONDS = 5
"""ingress-nginx takes up to 3.3 s to pick up an endpoint change and its workers one more."""
DRAIN_MARGIN_SECONDS = 5
"""For the last metrics window, engine shutdown and the kubelet's own delays."""
MIN_DRAIN_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds, all of them."""

    startup_failure_threshold: int
    progress_deadline: int
    drain_timeout: int
    termination_grace: int


def timing_of(spec: PoolSpec) -> Timing:
    """Return the periods and deadlines of a pool's pods."""
    fetch = FETCH_SECONDS if spec.model.source.fetched else 0
    drain = max(MIN_DRAIN_SECONDS, 3 * -(-spec.server.latency_target_ms // 1000))
    return Timing(
        startup_failure_threshold=spec.startup.timeout_seconds // STARTUP_PERIOD_SECONDS,
        progress_deadline=spec.startup.timeout_seconds + IMAGE_PULL_SECONDS + fetch,
        drain_timeout=drain,
        termination_grace=DRAIN_PROPAGATION_SECONDS + drain + DRAIN_MARGIN_SECONDS,
    )
