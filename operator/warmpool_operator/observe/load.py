"""What a pod says of its load: `GET /internal/load` of the warmpool protocol, version 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warmpool_operator.api.names import POD_PHASES
from warmpool_operator.capacity.demand import Sample

VERSION = 1
MAX_NUMBER = 2**53
"""The largest integer that every JSON reader keeps exact; far above any count, and it fits the status."""
MAX_PHASE_SECONDS = 86_400
READY = "Ready"
OUT_OF_SERVICE = frozenset({"Retired", "Draining"})
"""Retired by the operator, or told to stop: unready, and finishing what it has."""


class LoadReportError(ValueError):
    """The answer is not a load report of a version that this operator reads."""


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """One pod's answer.

    Attributes:
        serving: whether it says that it takes requests.
        draining: whether it was retired or is about to stop. A pod may be neither: states that this operator does
            not know are not taken for either, so that a newer pod is left alone rather than misread.
        slots: requests that it computes and queues at most.
        sample: the numbers that the decision needs.
        began_ms: when its process began, by the operator's clock; None if it does not say.
        phases_ms: (phase, milliseconds) of its start as far as they are over.
        memory_peak: bytes of memory that it has used at most; None if it does not say.
        start_memory_peak: the same at the moment when its model was proven.
    """

    serving: bool
    draining: bool
    slots: int
    sample: Sample
    began_ms: int | None = None
    phases_ms: tuple[tuple[str, int], ...] = ()
    memory_peak: int | None = None
    start_memory_peak: int | None = None

    @property
    def idle(self) -> bool:
        """Whether the pod has nothing to do."""
        return self.sample.running == 0 and self.sample.queued == 0


def parse(body: Mapping[str, Any], *, at_ms: int) -> LoadReport:
    """Return the report in a decoded JSON body.

    Raises:
        LoadReportError: another version, or a number that is missing, not a number, negative or beyond any count.
            Missing is never zero.
    """
    if body.get("v") != VERSION:
        raise LoadReportError(f"load report version {body.get('v')!r}, expected {VERSION}")
    try:
        return LoadReport(
            serving=body["state"] == READY,
            draining=body["state"] in OUT_OF_SERVICE,
            slots=_count(body, "slots"),
            sample=Sample(
                at_ms=at_ms,
                running=_count(body, "running"),
                queued=_count(body, "queued"),
                oldest_queued_ms=_count(body, "oldestQueuedMs"),
                accepted=_count(body, "accepted"),
                rejected=_count(body, "rejected"),
                service_ms_mean=_count(body, "serviceMsMean"),
                warm_hits=_optional(body, "warmHits"),
                late_starts=_optional(body, "lateStarts"),
            ),
            began_ms=at_ms - _count(body, "uptimeMs") if "uptimeMs" in body else None,
            phases_ms=_phases(body.get("phases")),
            memory_peak=_optional(body, "memoryPeakBytes"),
            start_memory_peak=_optional(body, "startMemoryPeakBytes"),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LoadReportError(f"load report without a usable {error}") from error


def _optional(body: Mapping[str, Any], name: str) -> int | None:
    """Return a number that servers older than it do not tell."""
    return _count(body, name) if name in body else None


def _phases(told: object) -> tuple[tuple[str, int], ...]:
    """Read the phases of a start; what cannot be read is left out, since nothing is decided by it."""
    if not isinstance(told, dict):
        return ()
    seconds = {name: told[name] for name in POD_PHASES if isinstance(told.get(name), int | float)}
    return tuple(
        (name, round(value * 1000)) for name, value in seconds.items() if 0 <= value <= MAX_PHASE_SECONDS
    )


def _count(body: Mapping[str, Any], name: str) -> int:
    number = int(body[name])
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError(f"{name}: out of range")
    return number
