"""The leading operator is killed in a burst: how long until another one decides, and does that shrink anything?

Two replicas run meanwhile. Requests of a minute hold a demand; the leader's pod is deleted by force, and once it
must be dead, as many requests again are sent. The gap ends when a watch shows the bounds that those need, and
another holder of the lease. It begins with the leader's last sign of life, the last renewal of its lease, as the
kubelet lets a pod that was deleted by force live on for a moment. Since the deletion is counted as well.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from bench.install import OPERATOR, OPERATOR_NAMESPACE
from bench.load.record import percentile
from bench.loop.bed import long_requests, spec, url
from bench.loop.clients import send
from bench.pools import Object, Pools
from bench.watcher import Watcher
from hack.cluster.waiting import wait_for

NAME = "leader"
KILLS = 3
HELD = 3
REQUEST_SECONDS = 60.0
GIVE_UP_SECONDS = 45.0
DEAD_SECONDS = 2.0
"""After which a pod that was deleted by force has been killed: until then it may still decide."""
REPLICAS = 2


def measure(bed: Pools) -> dict[str, float]:
    """Kill KILLS leaders; return figures."""
    bed.apply(NAME, pool())
    bed.settle(NAME, 1)
    address = url(bed, NAME)
    gaps, silences, lowered = [], [], 0
    with _two_operators(bed) as lease_seconds:
        for number in range(KILLS):
            gap, silence, fell = _kill(bed, address)
            gaps.append(gap)
            silences.append(silence)
            lowered += fell
            print(
                f"kill {number + 1}: the next decision {gap:.1f} s after the deletion, {silence:.1f} s after the"
                f" last renewal, lowered {fell} times",
                flush=True,
            )
            wait_for("the pool to shrink", lambda: bed.status(NAME)["replicas"] == 1, timeout=180)
    return {
        "leader_kills": KILLS,
        "leader_lease_s": lease_seconds,
        "leader_kill_gap_s": max(silences),
        "leader_kill_gap_s_p50": percentile(silences, 50) or 0.0,
        "leader_kill_gap_since_deletion_s": max(gaps),
        "leader_kill_lowered": lowered,
    }


def pool() -> Object:
    """Return a pool with room for the burst."""
    return spec(env=long_requests(REQUEST_SECONDS), scaling={"maxReplicas": 2 * HELD + 2})


@contextmanager
def _two_operators(bed: Pools) -> Iterator[float]:
    """Have two replicas while it lasts; gives the seconds of the lease."""
    where = (f"deployment/{OPERATOR}", "-n", OPERATOR_NAMESPACE)
    before = bed.kubectl.get(*where)["spec"]["replicas"]
    bed.kubectl("scale", *where, f"--replicas={max(REPLICAS, before)}")
    try:
        _await_operators(bed)
        yield float(_lease(bed)["leaseDurationSeconds"])
    finally:
        bed.kubectl("scale", *where, f"--replicas={before}")


def _kill(bed: Pools, address: str) -> tuple[float, float, int]:
    """Kill the leader in a burst.

    Returns:
        Seconds to the next decision, since the deletion and since the last renewal; how often a number fell.
    """
    _await_operators(bed)
    hpa_watch = bed.watch("hpa", NAME, "{.spec.minReplicas}")
    lease_watch = Watcher(
        bed.kubectl.argv(), "lease", OPERATOR, OPERATOR_NAMESPACE, "{.spec.leaseTransitions}", absent=0
    )
    replicas_watch = bed.watch("deployment", NAME, "{.spec.replicas}")
    with hpa_watch as hpa, replicas_watch as deployment, lease_watch as lease:
        sent = time.monotonic()
        requests = [send(address) for _ in range(HELD)]
        _reach(hpa, HELD, since=sent)
        _reach(deployment, HELD, since=sent)
        transitions = int(_lease(bed).get("leaseTransitions", 0))
        killed = time.monotonic()
        bed.kubectl(
            "delete",
            "pod",
            _leader(bed),
            "-n",
            OPERATOR_NAMESPACE,
            "--force",
            "--grace-period=0",
            "--wait=false",
        )
        time.sleep(DEAD_SECONDS)
        renewed = datetime.fromisoformat(_lease(bed)["renewTime"]).timestamp()
        requests += [send(address) for _ in range(HELD)]
        gap = max(_reach(hpa, 2 * HELD, since=killed), _reach(lease, transitions + 1, since=killed))
        silence = killed + gap - time.monotonic() + time.time() - renewed
        _reach(deployment, 2 * HELD, since=killed)
        fell = sum(at >= killed and value < HELD for watch in (hpa, deployment) for at, value in watch.seen)
    for request in requests:
        request.close()
    return gap, silence, fell


def _reach(watch: Watcher, value: int, *, since: float) -> float:
    took = watch.reached(value, since=since, seconds=GIVE_UP_SECONDS)
    if took is None:
        raise SystemExit(f"{watch.latest} and not {value} within {GIVE_UP_SECONDS:.0f} s: {watch}")
    return took


def _leader(bed: Pools) -> str:
    """Return the pod that holds the lease; its identity there begins with its name."""
    holder, pods = _lease(bed)["holderIdentity"], _operators(bed)
    return next(name for name in pods if holder.startswith(name))


def _lease(bed: Pools) -> Object:
    held: Object = bed.kubectl.get("lease", OPERATOR, "-n", OPERATOR_NAMESPACE)["spec"]
    return held


def _operators(bed: Pools) -> list[str]:
    """Return the operator's pods that are ready, by name."""
    selector = f"app.kubernetes.io/name={OPERATOR},app.kubernetes.io/instance={OPERATOR}"
    pods = bed.kubectl.get("pods", "-n", OPERATOR_NAMESPACE, "-l", selector)["items"]
    return [
        pod["metadata"]["name"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    ]


def _await_operators(bed: Pools) -> None:
    def led() -> bool:
        pods = _operators(bed)
        holder = _lease(bed).get("holderIdentity", "")
        return len(pods) >= REPLICAS and any(holder.startswith(name) for name in pods)

    wait_for("two operators, one of them leading", led, timeout=120)
