"""What the pool did, in plain words, and whether it is what a pool is for. Pure: facts in, sentences out."""

from hack.cluster import ClusterError
from hack.demo.facts import Facts

LAG_WORDS = "This client itself fell behind, so its waiting times say nothing: the machine is too busy."


def story(facts: Facts) -> list[str]:
    """Return the story of a burst, one paragraph per item."""
    paragraphs = [_burst(facts), _growth(facts), _fate(facts), _throughput(facts), _shrink(facts)]
    if facts.load.fell_behind:
        paragraphs.append(LAG_WORDS)
    return [paragraph for paragraph in paragraphs if paragraph]


def check(facts: Facts) -> None:
    """Check that the pool did what a pool is for.

    Raises:
        ClusterError: it did not; says what.
    """
    wrong = [
        sentence
        for holds, sentence in (
            (facts.desired_up is None, "the pool did not grow although more came than one pod can compute"),
            (facts.most_asked > facts.ceiling, "the pool asked for more pods than its ceiling"),
            (facts.load.answered == 0, "not one request was answered"),
            (facts.load.failed > 0, f"{facts.load.failed} requests were neither answered nor refused"),
            (facts.back is None, "the pool did not shrink back in time"),
        )
        if holds
    ]
    if wrong:
        raise ClusterError("; ".join(wrong))


def _burst(facts: Facts) -> str:
    return (
        f"For {facts.seconds:.0f} s, {facts.load.requests} requests came in, {facts.offered_mean:.0f} a second"
        f" on average and {facts.offered_peak:.0f} at the peak, whether or not earlier ones were answered."
        f" The pool had {pods(facts.before)}."
    )


def _growth(facts: Facts) -> str:
    if facts.desired_up is None:
        return "The pool did not ask for more pods: what it had was enough."
    parts = [_written(facts)]
    if facts.ready_up is not None:
        parts.append(f"at {facts.ready_up:.1f} s the first new pod was warm")
    if facts.ready_most is not None:
        parts.append(f"at {facts.ready_most:.1f} s all {facts.most} were")
    return f"{', '.join(parts)} (seen at two looks a second). {_ceiling(facts)}"


def _written(facts: Facts) -> str:
    """When the decision reached HPA and Deployment. The pool's status tells of it afterwards, so it comes last."""
    told = (
        f"{facts.desired_up:.1f} s after the first request the pool's status said that more pods are wanted"
    )
    if facts.hpa_up is None or facts.scale_up is None:
        return told
    if facts.hpa_up == facts.scale_up:
        return f"{facts.hpa_up:.1f} s after the first request HPA and Deployment had been told to grow"
    return (
        f"{facts.hpa_up:.1f} s after the first request the HPA had been told to grow, and at"
        f" {facts.scale_up:.1f} s the Deployment"
    )


def _ceiling(facts: Facts) -> str:
    if facts.most_asked > facts.ceiling:
        return f"It asked for {pods(facts.most_asked)} although its ceiling is {facts.ceiling}: that is a mistake."
    if facts.capped:
        return (
            f"It never asked for more than its ceiling of {facts.ceiling}, although there was work for more."
        )
    return f"It never asked for more than {pods(facts.most_asked)}; its ceiling is {facts.ceiling}."


def _fate(facts: Facts) -> str:
    load = facts.load
    text = f"{load.answered} requests were answered ({_percent(load.answered, load.requests)})"
    if load.latency_p50 is not None and load.latency_p99 is not None:
        text += f", half of them within {_ms(load.latency_p50)} and 99 % within {_ms(load.latency_p99)}"
    if load.refused:
        text += f". {load.refused} were refused ({_percent(load.refused, load.requests)})"
        if facts.refusal_p99 is not None:
            text += f", 99 % of them within {_ms(facts.refusal_p99)}"
        if facts.retry_after is not None:
            low, high = facts.retry_after
            wait = f"{low:.0f} s" if low == high else f"{low:.0f} to {high:.0f} s"
            text += f", and told to come back after {wait}"
        text += ": a pod takes only what it can answer in time"
    text += ". "
    if load.failed:
        kinds = {k: v for k, v in load.statuses.items() if k not in {"200", "429", "503"}}
        said = ", ".join(f"{kind}: {count}" for kind, count in kinds.items())
        return f"{text}{load.failed} failed ({said}): that should not happen."
    return f"{text}None failed, none was lost."


def _throughput(facts: Facts) -> str:
    if facts.answered_first is None or facts.answered_last is None:
        return ""
    return (
        f"{facts.answered_first:.0f} answers a second with {pods(facts.before)}, while the new ones were loading"
        f" on the same processors; {facts.answered_last:.0f} with {pods(facts.most)} warm. All of them share"
        " this machine's processors, so this is not how much a pod adds elsewhere."
    )


def _shrink(facts: Facts) -> str:
    if facts.desired_up is None:
        return ""
    if facts.desired_down is None:
        return "The pool did not shrink while it was watched."
    after = facts.desired_down - facts.seconds
    text = f"{after:.0f} s after the last request (keepAlive) the operator wanted fewer pods."
    if facts.retiring:
        text += f" It retired {pods(facts.retiring)} first: not ready any more, but still loaded."
    if facts.back is None:
        return f"{text} The pool was not back to {pods(facts.before)} when the demo stopped to watch."
    return f"{text} {facts.back - facts.seconds:.0f} s after the last request it was back to {pods(facts.before)}."


def pods(number: int) -> str:
    """Return a number of pods in words."""
    return "1 pod" if number == 1 else f"{number} pods"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
