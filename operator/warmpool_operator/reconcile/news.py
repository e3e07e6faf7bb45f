"""What the operator tells the world beside the status: events on transitions, metrics on every tick."""

from collections.abc import Iterable, Sequence
from typing import Literal

from warmpool_operator.api.names import Phase, Reason
from warmpool_operator.api.status import Condition, Pods
from warmpool_operator.capacity.explain import sentence
from warmpool_operator.capacity.startup import Start
from warmpool_operator.capacity.traffic import Traffic
from warmpool_operator.capacity.types import Decision
from warmpool_operator.desired.pool import Manifest
from warmpool_operator.observe.cache import Key
from warmpool_operator.observe.pods import PodView
from warmpool_operator.observe.scrape import Failure
from warmpool_operator.reconcile.hands import Moved
from warmpool_operator.runtime.recorder import EventRecorder
from warmpool_operator.runtime.resources import PODS
from warmpool_operator.telemetry.pool_metrics import PoolMetrics

MAX_PATHS = 5


class News:
    """Tells what changed.

    Args:
        recorder: takes events.
        metrics: series of pools.
    """

    def __init__(self, recorder: EventRecorder, metrics: PoolMetrics) -> None:
        self._recorder = recorder
        self._metrics = metrics

    def moved(self, body: Manifest, key: Key, decision: Decision, moved: Moved) -> None:
        """Tell of bounds that changed, of pods that were retired or brought back, and of edits undone."""
        if moved.bounds is not None:
            before, after = moved.bounds
            reason = Reason.SCALED_OUT if after > before else Reason.SCALED_IN
            self._event(body, reason, f"{before} -> {after}; {sentence(decision)}")
            self._metrics.decided(*key, decision.binding.value)
            self._metrics.hpa_applied(*key)
        if moved.corrected:
            self.corrected(body, [f"HorizontalPodAutoscaler{path}" for path in moved.corrected])
        if moved.retired:
            note = f"{moved.retired} pods left the Service and stay loaded until they are removed"
            self._event(body, Reason.RETIRED, note)
        if moved.restored:
            self._event(body, Reason.RESTORED, f"{moved.restored} retired pods serve again")

    def corrected(self, body: Manifest, paths: Sequence[str]) -> None:
        """Tell that somebody else's edits of our fields were undone."""
        more = f" and {len(paths) - MAX_PATHS} more" if len(paths) > MAX_PATHS else ""
        fields = ", ".join(paths[:MAX_PATHS]) + more
        note = f"fields that belong to the operator were changed and set back: {fields}"
        self._event(body, Reason.CORRECTED, note, kind="Warning")

    def became(self, body: Manifest, reason: str, message: str, *, bad: bool) -> None:
        """Tell of a condition that changed."""
        self._event(body, reason, message, kind="Warning" if bad else "Normal")

    def scraped(self, key: Key, failures: Iterable[Failure], *, seconds: float) -> None:
        """Record how long it took to ask the pods, and count those that did not tell their load."""
        self._metrics.observe_scrape(seconds)
        for failure in failures:
            self._metrics.scrape_failed(*key, failure.value)

    def counted(self, key: Key, pods: Pods, decision: Decision, traffic: Traffic) -> None:
        """Set the gauges of a pool."""
        counts = {
            "desired": decision.desired,
            "ready": pods.ready,
            "warming": pods.warming,
            "idle": pods.idle,
            "running": pods.running,
            "draining": pods.draining,
            "failed": pods.failed,
        }
        self._metrics.set_replicas(*key, counts)  # type: ignore[arg-type]
        self._metrics.set_demand(*key, decision.terms.demand)
        self._metrics.set_traffic(
            *key, warm_hits=traffic.warm_hits, cold=traffic.cold, idle_seconds=traffic.idle_pod_ms / 1000
        )
        self._metrics.set_bounds(*key, floor=decision.terms.floor, ceiling=decision.terms.ceiling)

    def judged(self, key: Key, conditions: Iterable[Condition], *, only: bool = False) -> None:
        """Set the gauges of the conditions of a pool; `only`: nothing is known of its other conditions."""
        if only:
            self._metrics.forget_conditions(*key)
        values = {"True": 1, "False": 0, "Unknown": -1}
        self._metrics.set_conditions(*key, {each.type: values[each.status] for each in conditions})

    def started(self, key: Key, pod: PodView, start: Start, *, tell: bool) -> None:
        """Tell of a pod that became warm: its phases to the metrics and, if so asked, in words on the pod."""
        for phase, milliseconds in start.phases_ms:
            self._metrics.observe_cold_start(*key, phase, milliseconds / 1000)
        self._metrics.observe_cold_start(*key, Phase.TOTAL, start.total_ms / 1000)
        if not tell:
            return
        regarding = {
            "apiVersion": PODS.api_version,
            "kind": PODS.kind,
            "metadata": {"namespace": key.namespace, "name": pod.name, "uid": pod.uid},
        }
        parts = ", ".join(f"{phase} {milliseconds / 1000:.2f}" for phase, milliseconds in start.phases_ms)
        self._event(regarding, Reason.COLD_START, f"warm after {start.total_ms / 1000:.2f} s: {parts}")

    def asked(self, key: Key, after_ms: int) -> None:
        """Record how long a warm pod waited for its first request."""
        self._metrics.observe_cold_start(*key, Phase.FIRST_REQUEST, after_ms / 1000)

    def forgotten(self, key: Key) -> None:
        """Drop the series of a pool that is gone."""
        self._metrics.forget(*key)

    def _event(
        self, body: Manifest, reason: str, note: str, *, kind: Literal["Normal", "Warning"] = "Normal"
    ) -> None:
        self._recorder.event(body, type=kind, reason=reason, note=note[:1000], action="Reconcile")
