"""From what pods show to what is known of them: their starts, told in metrics and events, and their memory."""

import logging
from collections.abc import Iterable, Iterator, Mapping

from warmpool_operator.api.starts import MeasuredStart, PhaseTimes, StartupStatus
from warmpool_operator.capacity.startup import Start, Startups, nearest_rank
from warmpool_operator.desired.footprint import Footprint, footprint, learned
from warmpool_operator.observe.cache import Key
from warmpool_operator.observe.milestones import Milestones
from warmpool_operator.observe.timeline import PULLED, phases_of, pull_ms_of
from warmpool_operator.reconcile.news import News
from warmpool_operator.reconcile.roster import Roster
from warmpool_operator.reconcile.starts import Ended
from warmpool_operator.reconcile.state import PoolState
from warmpool_operator.reconcile.times import rfc3339
from warmpool_operator.runtime.errors import KubeError
from warmpool_operator.runtime.kube import KubeClient, Manifest
from warmpool_operator.runtime.resources import EVENTS

SHOWN = 10
"""Starts whose phases are kept in the status: enough for a picture, about 3 KiB."""

log = logging.getLogger(__name__)


async def measure(
    state: PoolState,
    roster: Roster,
    milestones: Mapping[str, Milestones],
    *,
    key: Key,
    client: KubeClient,
    news: News,
    now_ms: int,
) -> None:
    """Take the starts that ended in this tick, and the memory that pods use, into what is known of a pool."""
    observing = state.pool is not None and state.pool.spec.mode == "Observe"
    seen = state.starts.look(roster, milestones, now_ms=now_ms)
    state.startups = state.startups.failed(seen.failures)
    pulled = await _pulled(client, key.namespace) if seen.ended else []
    for ended in seen.ended:
        start = _start(ended, pulled)
        state.startups = state.startups.measured(start)
        news.started(key, ended.member.view, start, tell=not observing)
    for pod, after_ms in seen.asked:
        state.startups = state.startups.asked(pod, after_ms=after_ms)
        news.asked(key, after_ms)
    present = {member.view.template for member in roster}
    state.footprints = learned(state.footprints, _footprints(roster), present=present)


def _footprints(roster: Roster) -> Iterator[Footprint]:
    for member in roster:
        report = member.report
        if report is not None and report.memory_peak is not None:
            yield footprint(
                member.view.template,
                peak=report.memory_peak,
                start=report.start_memory_peak or 0,
                requests=report.sample.accepted,
            )


async def _pulled(client: KubeClient, namespace: str) -> list[Manifest]:
    """Return the kubelets' events about pulled images: one list, however many pods became warm in this tick."""
    try:
        return await client.list(EVENTS, namespace, fields=f"reason={PULLED}")
    except KubeError as error:
        # The pull is then part of `container`: one phase less, and nothing wrong.
        log.warning("pull times are not known: %s", error)
        return []


def _start(ended: Ended, pulled: Iterable[Manifest]) -> Start:
    view = ended.member.view
    pull_ms = pull_ms_of(pulled, uid=view.uid)
    return Start(
        total_ms=ended.total_ms,
        template=view.template,
        pod=view.name,
        ready_ms=ended.milestones.ready_ms or 0,
        phases_ms=phases_of(ended.milestones, ended.member.report, pull_ms=pull_ms, fetches=view.fetches),
    )


def startup_status(startups: Startups) -> StartupStatus:
    """Return the measured start-ups as the status shows them."""
    phases = {
        phase: PhaseTimes(p50=seconds(nearest_rank(times, 50)), p95=seconds(nearest_rank(times, 95)))
        for phase, times in startups.by_phase(SHOWN).items()
    }
    p50, p95 = startups.percentile(50), startups.percentile(95)
    return StartupStatus(
        p50=None if p50 is None else seconds(p50),
        p95=None if p95 is None else seconds(p95),
        samples=len(startups.samples_ms),
        failures=startups.failures,
        phases=phases,
        last=[_shown(start) for start in startups.starts[-SHOWN:] if start.pod],
    )


def _shown(start: Start) -> MeasuredStart:
    return MeasuredStart(
        pod=start.pod,
        template=start.template,
        ready_at=rfc3339(start.ready_ms),
        total_ms=start.total_ms,
        phases_ms=dict(start.phases_ms),
        first_request_ms=start.first_request_ms,
    )


def seconds(milliseconds: int | None) -> str:
    """Return a duration as Kubernetes writes it, exact to the millisecond: `5.3s`."""
    whole, rest = divmod(milliseconds or 0, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + "s"
