"""The Deployment: pods that are ready when the model is."""

from warmpool_operator.api import names
from warmpool_operator.desired.container import container
from warmpool_operator.desired.overlay import overlay
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.security import TMP_VOLUME
from warmpool_operator.desired.source import init_containers, model_volumes
from warmpool_operator.desired.timing import timing_of
from warmpool_operator.desired.warmer import warmers

PROTECTED_LABELS = (names.LABEL_POOL, names.LABEL_COMPONENT, names.LABEL_MANAGED_BY)
"""Labels that an overlay may not change: the selector finds pods by them, and so does the operator."""


def deployment(pool: Pool, *, admin_token: str) -> Manifest:
    """Return the pool's Deployment, without replicas.

    A rollout surges and never takes a warm pod away first (`maxUnavailable: 0`), unless the pool says that there
    is no room for one more.
    """
    surge = pool.spec.rollout == "Surge"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": pool.metadata(),
        "spec": {
            "selector": {"matchLabels": pool.selector},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%" if surge else 0, "maxUnavailable": 0 if surge else 1},
            },
            "progressDeadlineSeconds": timing_of(pool.spec).progress_deadline,
            "revisionHistoryLimit": 3,
            "template": pod_template(pool, admin_token=admin_token),
        },
    }


def pod_template(pool: Pool, *, admin_token: str) -> Manifest:
    """Return the pod template with the pool's overlay on top.

    The operator's labels win over the overlay: without them the pods would belong to no pool.
    """
    beside = [*init_containers(pool.spec), *warmers(pool.spec)]
    base: Manifest = {
        "metadata": {"labels": pool.labels},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": timing_of(pool.spec).termination_grace,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            **({"initContainers": beside} if beside else {}),
            "containers": [container(pool, admin_token=admin_token)],
            "volumes": [{"name": TMP_VOLUME, "emptyDir": {}}, *model_volumes(pool.spec)],
        },
    }
    template: Manifest = overlay(base, pool.spec.pod_template)
    metadata = _map(template.get("metadata"))
    protected = {key: pool.labels[key] for key in PROTECTED_LABELS}
    return template | {"metadata": metadata | {"labels": _map(metadata.get("labels")) | protected}}


def _map(value: object) -> Manifest:
    """The overlay is not checked by the schema: what should be a map may be anything."""
    return value if isinstance(value, dict) else {}
