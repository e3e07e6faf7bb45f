"""How much memory pods have used at most, and what that says of their limit.

Maxima of each pod template that has pods, so that what is said changes only when a pod uses more than any before
it, or when the template does. Nothing here changes a pod: a person reads the number and decides.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from warmpool_operator.capacity.arithmetic import ceil_div
from warmpool_operator.capacity.quantity import MEBI, bytes_of, mebibytes

TIGHT_PERCENT = 95
"""Of the limit: the next request that is larger than all before it may be the last one."""
ROOMY_FACTOR = 2
"""A limit is called large if it is more than so many times what would do."""
SEASONED_REQUESTS = 1_000
"""Requests that a pod must have taken before its peak says that a limit is large: a start shows no batches."""
MAX_TEMPLATES = 8
LIMIT = "server.resources.limits.memory"


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """The most that one pod of a template has shown.

    Attributes:
        template: hash of the pod template.
        peak_mi: memory at most, in MiB.
        start_mi: memory at most until its model was proven, in MiB; 0 where that is not known.
        requests: requests taken, SEASONED_REQUESTS at most.
    """

    template: str
    peak_mi: int
    start_mi: int = 0
    requests: int = 0


def footprint(template: str, *, peak: int, start: int, requests: int) -> Footprint:
    """Return what one pod shows.

    Args:
        template: hash of its pod template.
        peak: bytes used at most.
        start: bytes used at most until its model was proven.
        requests: that it has taken.
    """
    return Footprint(
        template=template,
        peak_mi=ceil_div(peak, MEBI),
        start_mi=ceil_div(start, MEBI),
        requests=min(requests, SEASONED_REQUESTS),
    )


def learned(
    before: Iterable[Footprint], told: Iterable[Footprint], *, present: Collection[str]
) -> tuple[Footprint, ...]:
    """Return what is known with what pods tell now.

    Args:
        before: what was known.
        told: what pods tell in this tick.
        present: templates that have pods; others are forgotten. A pool at zero forgets nothing.
    """
    known: dict[str, Footprint] = {}
    for each in (*before, *told):
        old = known.get(each.template, each)
        known[each.template] = Footprint(
            template=each.template,
            peak_mi=max(old.peak_mi, each.peak_mi),
            start_mi=max(old.start_mi, each.start_mi),
            requests=max(old.requests, each.requests),
        )
    kept = [each for each in known.values() if not present or each.template in present]
    return tuple(kept[-MAX_TEMPLATES:])


def too_tight(footprints: Iterable[Footprint], limit: str | None) -> str | None:
    """Return that pods have come close to a memory limit, with one that leaves room; None if they have not."""
    largest, allowed = _largest(footprints), bytes_of(limit)
    if largest is None or allowed is None or largest.peak_mi * MEBI * 100 < TIGHT_PERCENT * allowed:
        return None
    return (
        f"{LIMIT} is {limit}, and pods used up to {_used(largest)}: set it to {_wanted(largest)}, which leaves a"
        " quarter free"
    )


def too_large(footprints: Iterable[Footprint], limit: str | None) -> str | None:
    """Return that a memory limit is missing, or much more than pods need, with one that would do; else None."""
    largest, allowed = _largest(footprints), bytes_of(limit)
    if largest is None or largest.requests < SEASONED_REQUESTS:
        return None
    if allowed is not None and allowed <= ROOMY_FACTOR * (bytes_of(_wanted(largest)) or 0):
        return None
    is_so = "is not set" if allowed is None else f"is {limit}"
    return (
        f"{LIMIT} {is_so}, and no pod used more than {_used(largest)}: {_wanted(largest)} would do, with a"
        " quarter of it free"
    )


def _largest(footprints: Iterable[Footprint]) -> Footprint | None:
    return max(footprints, key=lambda each: each.peak_mi, default=None)


def _used(largest: Footprint) -> str:
    return f"{largest.peak_mi}Mi" + (f" ({largest.start_mi}Mi to start)" if largest.start_mi else "")


def _wanted(largest: Footprint) -> str:
    """Of what is wanted, a quarter stays free."""
    return mebibytes(ceil_div(largest.peak_mi * MEBI * 4, 3))
