"""warmpool itself: the same policy, decision and plan that the operator runs, on simulated pods."""

from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.capacity.decide import decide
from warmpool_operator.capacity.demand import Refusals, Sample, observe
from warmpool_operator.capacity.policy import PolicyMemory, effective
from warmpool_operator.capacity.signals import Arrivals, signals
from warmpool_operator.capacity.startup import Start, Startups, auto_lead_ms
from warmpool_operator.capacity.types import Memory, Observation, Policy
from warmpool_operator.observe.load import LoadReport
from warmpool_operator.observe.pods import PodView, Stage
from warmpool_operator.reconcile.plan import Plan, plan
from warmpool_operator.reconcile.roster import Member, Roster
from warmpool_operator.simulate.pod import Pod
from warmpool_operator.simulate.workload import Workload

TICK_MS = 500
UNREADY_MS = 1_500
"""From being retired to being out of the Service: one readiness period, and the way through the API server."""


class Warmpool:
    """The operator, one pool.

    Args:
        spec: of the pool.
        epoch_ms: wall clock at the start of the run, for schedules and overrides; milliseconds since 1970.
        phase_ms: when the HPA controller's first sync is: only it lowers the number of pods.
    """

    period_ms = TICK_MS

    def __init__(self, spec: PoolSpec, *, epoch_ms: int = 0, phase_ms: int = 0) -> None:
        self.desired = spec.scaling.min_replicas
        self._spec = spec
        self._epoch_ms = epoch_ms
        self._next_sync_ms = phase_ms
        self._bounds = self.desired
        self._memory: Memory | None = None
        self._rules = PolicyMemory()
        self._refusals: dict[int, Refusals] = {}
        self._arrivals = Arrivals()
        self._startups = Startups()
        self._measured: set[int] = set()

    def act(self, now_ms: int, workload: Workload) -> None:
        """Do one tick: look, decide, and carry the decision out."""
        now = self._epoch_ms + now_ms
        samples = {
            pod.number: pod.sample(now_ms, epoch_ms=self._epoch_ms) for pod in workload.pods if pod.loaded
        }
        self._learn(workload)
        seen = self._observe(samples, workload)
        policy = self._policy(samples, seen, workload, now)
        decision = decide(policy, seen, self._memory, now)
        self._memory, self.desired = decision.memory, decision.desired
        moves = self._plan(samples, workload, now_ms)
        self._carry_out(moves, workload, now_ms)

    def _learn(self, workload: Workload) -> None:
        for pod in workload.pods:
            if pod.loaded and pod.ready_ms > 0 and pod.number not in self._measured:
                self._measured.add(pod.number)
                self._startups = self._startups.measured(Start(total_ms=pod.ready_ms - pod.scheduled_ms))

    def _observe(self, samples: dict[int, Sample], workload: Workload) -> Observation:
        self._refusals = {
            number: self._refusals.get(number, Refusals()).read(sample) for number, sample in samples.items()
        }
        return observe(
            ((sample, self._refusals[number]) for number, sample in samples.items()),
            silent=0,
            replicas=workload.replicas,
            ingress_tries=1 if self._spec.ingress is None else 2,
        )

    def _policy(self, samples: dict[int, Sample], seen: Observation, workload: Workload, now: int) -> Policy:
        named = [(str(number), sample) for number, sample in samples.items()]
        present = [str(pod.number) for pod in workload.alive]
        self._arrivals = self._arrivals.read(named, present=present, now_ms=now)
        concurrency = self._spec.server.container_concurrency
        rules = effective(
            self._spec.scaling,
            container_concurrency=concurrency,
            auto_lead_ms=auto_lead_ms(
                self._startups, startup_timeout_ms=self._spec.startup.timeout_seconds * 1000
            ),
            signals=signals(seen, self._arrivals.per_minute, concurrency=concurrency),
            memory=self._rules,
            now_ms=now,
        )
        self._rules = rules.memory
        return rules.policy

    def _plan(self, samples: dict[int, Sample], workload: Workload, now_ms: int) -> Plan:
        """Plan the moves; the roster is only built where pods are to go or to come back."""
        retired = any(pod.retired_ms >= 0 for pod in workload.alive)
        if self.desired >= workload.replicas and not retired:
            return Plan(desired=self.desired, replicas=self.desired)
        roster = tuple(_member(pod, samples.get(pod.number), now_ms) for pod in workload.alive)
        return plan(desired=self.desired, replicas=workload.replicas, roster=roster)

    def _carry_out(self, moves: Plan, workload: Workload, now_ms: int) -> None:
        for pod in _named(workload, moves.restore):
            pod.retired_ms = -1
        for pod in _named(workload, moves.retire):
            pod.retired_ms = now_ms
        self._bounds = moves.replicas
        if moves.replicas > workload.replicas:
            workload.scale(moves.replicas, now_ms)
        if now_ms >= self._next_sync_ms:
            self._next_sync_ms += workload.setup.cluster.sync_ms
            if self._bounds < workload.replicas:
                workload.scale(self._bounds, now_ms)


def _member(pod: Pod, sample: Sample | None, now_ms: int) -> Member:
    out_ms = max(0, now_ms - pod.retired_ms - UNREADY_MS) if pod.retired_ms >= 0 else 0
    name = f"{pod.number:06d}"
    view = PodView(
        name=name,
        uid=name,
        ip="",
        stage=Stage.SETUP if sample is None else Stage.WARM,
        ready=pod.serving or (pod.retired_ms >= 0 and out_ms == 0),
        terminating=False,
    )
    if sample is None:
        return Member(view=view)
    report = LoadReport(serving=pod.serving, draining=not pod.serving, slots=0, sample=sample)
    return Member(view=view, report=report, out_ms=out_ms)


def _named(workload: Workload, members: Roster) -> list[Pod]:
    wanted = {member.view.name for member in members}
    return [pod for pod in workload.alive if f"{pod.number:06d}" in wanted]
