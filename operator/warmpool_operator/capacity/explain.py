"""A decision in one sentence, for `kubectl get wmp -o wide` and for events."""

from warmpool_operator.capacity.types import OWN_CEILING, OWN_FLOOR, Binding, Decision


def sentence(decision: Decision) -> str:
    """Return why the pool has this many pods, with the numbers that decided."""
    terms = decision.terms
    pods = f"{decision.desired} {'pod' if decision.desired == 1 else 'pods'}"
    floor_from = "" if terms.floor_source == OWN_FLOOR else f" from {terms.floor_source}"
    ceiling_from = "" if terms.ceiling_source == OWN_CEILING else f" from {terms.ceiling_source}"
    why = {
        Binding.DEMAND: f"{_demand(decision)}, plus a buffer of {terms.buffer}",
        Binding.BUFFER: f"no demand, and a buffer of {terms.buffer} is kept",
        Binding.FLOOR: f"the floor of {terms.floor}{floor_from}; {_demand(decision)},"
        f" plus a buffer of {terms.buffer}",
        Binding.CEILING: f"the ceiling of {terms.ceiling}{ceiling_from}; {decision.unclamped} would be needed",
        Binding.KEEP_ALIVE: f"kept by keepAlive; {_demand(decision)} now, {terms.held} were needed lately",
        Binding.SCALING_DELAY: f"{terms.queued} waiting requests are younger than scalingDelaySeconds",
        Binding.SCALE_IN_STEP: "shrinking in steps of scaleIn.maxPods",
        Binding.SILENT_PODS: f"{terms.silent_pods} warm pods do not answer; demand is between"
        f" {terms.demand} and {terms.demand_upper}, so the pool is not shrunk below that",
        Binding.BLIND: f"none of {terms.silent_pods} warm pods answers, so nothing is shrunk",
    }
    return f"{pods}: {why[decision.binding]}"


def _demand(decision: Decision) -> str:
    terms = decision.terms
    requests = "1 request needs" if terms.demand == 1 else f"{terms.demand} requests need"
    told = f" ({terms.held_requests} were told to come back)" if terms.held_requests else ""
    return f"{requests} {terms.need}{told}"


def account(decision: Decision, *, divisor: int) -> list[tuple[str, str]]:
    """Return the decision as an account, one (term, words) per line, in the order in which it was computed.

    Args:
        decision: what was decided.
        divisor: requests planned per pod, `Policy.divisor`.
    """
    terms = decision.terms
    demand = f"{terms.in_flight} computed + {terms.queued} waiting + {terms.refused} refused"
    demand += (
        f", or {terms.held_requests} told to come back = {terms.demand}"
        if terms.held_requests
        else f" = {terms.demand}"
    )
    if terms.silent_pods:
        demand += f"; at most {terms.demand_upper}, since {terms.silent_pods} warm pods do not answer"
    target = terms.need + terms.buffer
    lines = [
        ("demand", f"{demand} requests"),
        ("need", f"{terms.demand} requests / {divisor} per pod, rounded up = {terms.need} pods"),
        ("buffer", f"+ {terms.buffer} kept idle above demand = {target}"),
    ]
    if terms.held > target:
        lines.append(("keepAlive", f"{terms.held} were needed lately"))
    lines += [
        ("floor", f"{terms.floor}, from {terms.floor_source}"),
        ("ceiling", f"{terms.ceiling}, from {terms.ceiling_source}"),
        ("desired", f"{decision.desired}, because of {decision.binding.value}"),
    ]
    if decision.unclamped > decision.desired:
        lines.append(("missing", f"{decision.unclamped - decision.desired} more would be needed"))
    return lines
