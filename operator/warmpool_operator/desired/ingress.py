"""The Ingress: routes from outside to the pool, with the annotations that a dialect made of the limits."""

from warmpool_operator.api import names
from warmpool_operator.api.ingress import NGINX_PREFIX, OWNED_ANNOTATIONS
from warmpool_operator.desired.pool import Manifest, Pool

OWNED = frozenset(f"{NGINX_PREFIX}/{name}" for name in OWNED_ANNOTATIONS)


def ingress(pool: Pool, *, annotations: dict[str, str]) -> Manifest | None:
    """Return the pool's Ingress, or None if it asks for none.

    Args:
        pool: the pool.
        annotations: of the dialect, from `admission`. Those that the operator owns win over the pool's own; the
            others, such as the default backend, give way to them.
    """
    wish = pool.spec.ingress
    if wish is None:
        return None
    backend = {"service": {"name": pool.name, "port": {"name": names.PORT_NAME}}}
    rule: Manifest = {"http": {"paths": [{"path": wish.path, "pathType": "Prefix", "backend": backend}]}}
    spec: Manifest = {"ingressClassName": wish.class_name, "rules": [rule]}
    if wish.host is not None:
        rule["host"] = wish.host
    if wish.tls is not None:
        hosts = [wish.host] if wish.host is not None else []
        spec["tls"] = [{"hosts": hosts, "secretName": wish.tls.secret_name}]
    owned = {name: value for name, value in annotations.items() if name in OWNED}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": pool.metadata(annotations={**annotations, **wish.annotations, **owned}),
        "spec": spec,
    }
