"""Half an hour of a real trace through the operator's own decision and limits, without a cluster.

How often a limit is written, and how far it is from what the ready pods could take, depends on pods and not
on nginx. So both are counted on the simulated pods of `warmpool_operator.simulate`, with the very functions
that the operator calls twice a second.
"""

from bench.ingress.bed import keep
from bench.load.tracefile import read_trace
from warmpool_operator.admission.follow import SETTLED_MS, Followed, follow
from warmpool_operator.admission.intent import Capacity, limit_of
from warmpool_operator.api.ingress import Limits
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.simulate.autoscalers.warmpool import Warmpool
from warmpool_operator.simulate.run import simulate
from warmpool_operator.simulate.setup import Client, Cluster, Route, Server, Setup, bounded_queue, fixed
from warmpool_operator.simulate.workload import Workload

CONCURRENCY, SERVICE_MS, STARTUP_MS, LATENCY_TARGET_MS = 2, 1000, 20_000, 4000
CEILING, KEEP_ALIVE_SECONDS = 12, 60
LIMITS = Limits()


class Observed:
    """The operator on simulated pods, with the limit that it would have at the ingress."""

    def __init__(self, spec: PoolSpec, *, slots: int) -> None:
        self._inner = Warmpool(spec)
        self.desired = self._inner.desired
        self.period_ms = self._inner.period_ms
        self._slots = slots
        self._since: dict[int, int] = {}
        self._followed: Followed | None = None
        self.points: list[tuple[int, int, int]] = []
        """Milliseconds, limit, and headroom x ready slots, one pod's at least."""
        self.rewrites = 0

    def act(self, now_ms: int, workload: Workload) -> None:
        """Do one tick, and follow."""
        self._inner.act(now_ms, workload)
        self.desired = self._inner.desired
        ready = [pod.number for pod in workload.serving]
        self._since = {number: self._since.get(number, now_ms) for number in ready}
        settled = sum(now_ms - since >= SETTLED_MS for since in self._since.values())
        target = limit_of(LIMITS, self._capacity(min(settled, self.desired)))
        exact = limit_of(LIMITS, self._capacity(len(ready)))
        assert target is not None  # noqa: S101 - limits are on
        assert exact is not None  # noqa: S101
        before, self._followed = self._followed, follow(self._followed, target, now_ms=now_ms)
        if before is not None and before.limit != self._followed.limit:
            self.rewrites += 1
        self.points.append((now_ms, self._followed.limit.connections, exact.connections))

    def _capacity(self, pods: int) -> Capacity:
        return Capacity(pods=pods, slots_per_pod=self._slots, concurrency=CONCURRENCY, service_ms=SERVICE_MS)


def measure() -> dict[str, float]:
    """Replay the trace; return figures."""
    queue = bounded_queue(concurrency=CONCURRENCY, service_ms=SERVICE_MS, latency_target_ms=LATENCY_TARGET_MS)
    spec = PoolSpec.model_validate(
        {
            "model": {"name": "trace", "source": {"baked": {}}},
            "server": {
                "image": "none",
                "containerConcurrency": CONCURRENCY,
                "latencyTargetMs": LATENCY_TARGET_MS,
            },
            "scaling": {"maxReplicas": CEILING, "keepAliveSeconds": KEEP_ALIVE_SECONDS},
            "ingress": {"className": "nginx"},
        }
    )
    arrivals = tuple(round(send.at * 1000) for send in read_trace())
    setup = Setup(
        arrivals_ms=arrivals,
        end_ms=arrivals[-1] + 1000,
        replicas=1,
        client=Client(),
        server=Server(
            concurrency=CONCURRENCY,
            service=fixed(SERVICE_MS),
            queue=queue,
            latency_target_ms=LATENCY_TARGET_MS,
        ),
        cluster=Cluster(startup=fixed(STARTUP_MS), route=Route.INGRESS),
    )
    operator = Observed(spec, slots=CONCURRENCY + queue)
    outcome = simulate(setup, operator, seed=1)
    keep("trace", {"points": operator.points, "arrivals": arrivals})
    errors = [abs(limit - exact) / exact for _, limit, exact in operator.points]
    hours = setup.end_ms / 3_600_000
    return {
        "limit_tracking_error": sum(errors) / len(errors),
        "rewrites_per_hour_trace": operator.rewrites / hours,
        "trace_requests": len(outcome.requests),
    }
