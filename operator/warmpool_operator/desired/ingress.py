"""The Ingress: routes from outside to the pool, with the limits that admission computed."""

from warmpool_operator.api import names
from warmpool_operator.desired.pool import Manifest, Pool


def ingress(pool: Pool, *, limits: dict[str, str]) -> Manifest | None:
    """Return the pool's Ingress, or None if it asks for none.

    Args:
        pool: the pool.
        limits: annotations of the dialect, from `admission`; they win over the pool's own annotations.
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
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": pool.metadata(annotations={**wish.annotations, **limits}),
        "spec": spec,
    }
