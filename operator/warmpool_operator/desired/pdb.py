"""The PodDisruptionBudget: node drains take one pod at a time, and broken pods without asking."""

from warmpool_operator.desired.pool import Manifest, Pool


def pod_disruption_budget(pool: Pool) -> Manifest:
    """Return the pool's budget.

    `AlwaysAllow` lets pods that never became ready be evicted: otherwise one broken pod would block the drain of
    its node for ever.
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": pool.metadata(),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": pool.selector},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
