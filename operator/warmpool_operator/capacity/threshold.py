"""Thresholds with hysteresis: in after `for` above `enter`, out after `hold` at or below `exit`.

The time towards a change is counted tick by tick and only on ticks whose signal settles the question. A tick that
does not (pods are silent, and the answer depends on what they hide) leaves the count where it is: a blind signal
neither enters nor leaves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from warmpool_operator.api.threshold import Threshold
from warmpool_operator.capacity.signals import UNKNOWN, Interval

MAX_GAP_MS = 5_000
"""Time between two ticks counts up to this: what was not watched (a restart) proves nothing."""


@dataclass(frozen=True, kw_only=True)
class ThresholdState:
    """Where one threshold stands.

    Attributes:
        name: of the threshold.
        holds: whether it is in force.
        counted_ms: time towards the next change, gathered so far.
        at_ms: last tick that was towards it; 0 if none is being counted.
    """

    name: str
    holds: bool = False
    counted_ms: int = 0
    at_ms: int = 0


def step(
    thresholds: Iterable[Threshold],
    states: Iterable[ThresholdState],
    signals: Mapping[str, Interval],
    *,
    now_ms: int,
) -> tuple[ThresholdState, ...]:
    """Return the states after one tick, one per threshold; states without a threshold are dropped."""
    before = {state.name: state for state in states}
    return tuple(
        _step(
            each,
            before.get(each.name, ThresholdState(name=each.name)),
            signals.get(each.signal, UNKNOWN),
            now_ms,
        )
        for each in thresholds
    )


def _step(threshold: Threshold, state: ThresholdState, signal: Interval, now_ms: int) -> ThresholdState:
    towards = _towards(threshold, signal, holds=state.holds)
    if towards is None:
        # The clock of the count goes on, its count does not.
        return replace(state, at_ms=now_ms if state.at_ms else 0)
    if not towards:
        return ThresholdState(name=state.name, holds=state.holds)
    gap_ms = min(MAX_GAP_MS, max(0, now_ms - state.at_ms)) if state.at_ms else 0
    counted_ms = state.counted_ms + gap_ms
    needed = threshold.hold_seconds if state.holds else threshold.for_seconds
    if counted_ms >= needed * 1000:
        return ThresholdState(name=state.name, holds=not state.holds)
    return replace(state, counted_ms=counted_ms, at_ms=now_ms)


def _towards(threshold: Threshold, signal: Interval, *, holds: bool) -> bool | None:
    """Whether a signal speaks for a change, None if it leaves that open."""
    line = threshold.exit if holds else threshold.enter
    if signal.low > line:
        return not holds
    if signal.high is not None and signal.high <= line:
        return holds
    return None
