"""The dialect of ingress-nginx: annotations of `nginx.ingress.kubernetes.io`.

Limits count per client address and per controller replica, never per pool, unless the controller's ConfigMap
says otherwise. The burst multiplier is always 1: with the default of 5 a burst passes straight through, and
goodput is that of no limit at all (measured: 72 of 900 requests in time, 437 with multiplier 1). Round robin,
because ewma takes a quick refusal for a quick pod (docs/adr/0016-round-robin.md); `timeout` is left out of
retries, because retrying a slow inference only computes it twice.
"""

from typing import Final

from warmpool_operator.admission.dialect import Expression
from warmpool_operator.admission.intent import LEAST_RATE, Intent, Limit
from warmpool_operator.api.ingress import NGINX_PREFIX as PREFIX
from warmpool_operator.api.ingress import Timeouts

POOL_KEY: Final = 'limit-conn-zone-variable: "$server_name"'
"""Key of the controller's ConfigMap that makes its limits count per host name instead of per client."""


class IngressNginx:
    """Annotations of ingress-nginx, and of controllers that read the same ones."""

    counts_per = "client address and ingress controller replica"

    def express(self, intent: Intent) -> Expression:
        """Return the annotations; integers are plain decimal, because anything else is dropped without a word."""
        annotations = {
            **_balancing(intent),
            **_limits(intent),
            **_timeouts(intent.timeouts),
        }
        if intent.warming_service is not None:
            annotations["default-backend"] = intent.warming_service
        missing, unverified = [], []
        if intent.unmeasured:
            missing.append(
                f"no limit-rps yet: it needs a measured service time that allows {LEAST_RATE} requests per second"
                " for each counter"
            )
        if intent.limit is not None and intent.per_pool:
            unverified.append(
                f"the limit counts the whole pool only where the controller's ConfigMap has {POOL_KEY}, which no"
                " annotation can set and this operator cannot see; without it, it counts per client address"
            )
        return Expression(
            annotations={f"{PREFIX}/{name}": value for name, value in annotations.items()},
            missing=tuple(missing),
            unverified=tuple(unverified),
        )


def _balancing(intent: Intent) -> dict[str, str]:
    if intent.tries == 1:
        return {"load-balance": "round_robin", "proxy-next-upstream": "off"}
    return {
        "load-balance": "round_robin",
        "proxy-next-upstream": "error http_429 http_503 non_idempotent",
        "proxy-next-upstream-tries": str(intent.tries),
    }


def _limits(intent: Intent) -> dict[str, str]:
    limit: Limit | None = intent.limit
    if limit is None:
        return {}
    annotations = {"limit-connections": str(limit.connections), "limit-burst-multiplier": "1"}
    if limit.rate is not None:
        annotations["limit-rps"] = str(limit.rate)
    if intent.allowlist:
        annotations["limit-allowlist"] = ",".join(intent.allowlist)
    return annotations


def _timeouts(timeouts: Timeouts) -> dict[str, str]:
    seconds = {
        "proxy-connect-timeout": timeouts.connect_seconds,
        "proxy-send-timeout": timeouts.send_seconds,
        "proxy-read-timeout": timeouts.read_seconds,
    }
    return {name: str(value) for name, value in seconds.items() if value is not None}
