"""Integer arithmetic of the decision: requests to pods, always rounded up."""

from warmpool_operator.capacity.types import Policy


def ceil_div(dividend: int, divisor: int) -> int:
    """Return ceil(dividend / divisor) without floats. `divisor` must be positive."""
    return -(-dividend // divisor)


def need_pods(policy: Policy, demand: int) -> int:
    """Return the pods that compute `demand` requests at once."""
    return ceil_div(demand, policy.divisor)


def buffer_pods(policy: Policy, demand: int) -> int:
    """Return the idle pods to keep above `demand`: the larger of the absolute and the percent buffer.

    The larger, never the sum: fal documents it so, and autoscalers that began with another rule were moved to
    this one (kubernetes/autoscaler#9948). The percent is of demand, not of the pool, so an idle pool can always
    shrink (openkruise/agents#931 rejects minima that a percent of the pool can never reach).
    """
    if demand == 0 and not policy.buffer_at_zero:
        return 0
    percent = ceil_div(demand * policy.buffer_percent, 100 * policy.divisor)
    return max(policy.buffer, percent)


def target_pods(policy: Policy, demand: int) -> int:
    """Return need plus buffer for `demand` requests, unbounded: T(D)."""
    return need_pods(policy, demand) + buffer_pods(policy, demand)
