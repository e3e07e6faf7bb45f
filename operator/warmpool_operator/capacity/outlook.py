"""What changes a decision next if demand stays as it is: a time and a reason, for people who wait."""

from dataclasses import dataclass

from warmpool_operator.capacity.types import Binding, Decision, Policy


@dataclass(frozen=True, kw_only=True)
class Transition:
    """The next change that is known beforehand.

    Attributes:
        at_ms: when.
        what: in words.
    """

    at_ms: int
    what: str


def next_transition(
    policy: Policy, decision: Decision, *, next_edge_ms: int | None, retry_at_ms: int, now_ms: int
) -> Transition | None:
    """Return the next change, None if none is known.

    Args:
        policy: the rules that the decision followed.
        decision: the last one.
        next_edge_ms: when a schedule or an override changes the rules.
        retry_at_ms: when one more start is tried, 0 if none waits.
        now_ms: milliseconds since the epoch.
    """
    known = []
    if decision.binding is Binding.KEEP_ALIVE:
        peak = decision.memory.window[0]
        known.append(Transition(at_ms=peak.at_ms + policy.keep_alive_ms, what="keepAlive lets a peak go"))
    if decision.binding is Binding.SCALE_IN_STEP:
        end = decision.memory.step_started_ms + policy.scale_in_period_ms
        known.append(Transition(at_ms=end, what="the next step of scaleIn"))
    if next_edge_ms is not None:
        known.append(Transition(at_ms=next_edge_ms, what="a schedule or an override changes the bounds"))
    if retry_at_ms:
        known.append(Transition(at_ms=retry_at_ms, what="one more start is tried"))
    return min((each for each in known if each.at_ms > now_ms), key=lambda each: each.at_ms, default=None)
