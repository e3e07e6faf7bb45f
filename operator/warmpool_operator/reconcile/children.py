"""Making the children of a pool what its spec says: all but the HPA and the Ingress, which follow the decision."""

from warmpool_operator.api import names
from warmpool_operator.desired.deployment import deployment
from warmpool_operator.desired.drift import drifted
from warmpool_operator.desired.pdb import pod_disruption_budget
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.service import service
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.runtime.kube import KubeClient
from warmpool_operator.runtime.resources import DEPLOYMENTS, PDBS, SERVICES, Resource

APPLIED: tuple[Resource, ...] = (SERVICES, PDBS, DEPLOYMENTS)


def wanted_children(pool: Pool, *, admin_token: str) -> dict[str, Manifest]:
    """Return the children that the spec alone decides, by kind: neither HPA nor Ingress."""
    manifests = [
        service(pool),
        pod_disruption_budget(pool),
        deployment(pool, admin_token=admin_token),
    ]
    return {manifest["kind"]: manifest for manifest in manifests}


async def apply_children(
    client: KubeClient, pool: Pool, cache: Cache, wanted: dict[str, Manifest], *, everything: bool
) -> list[str]:
    """Apply what differs from the live objects.

    Args:
        client: the API server.
        pool: the pool.
        cache: filled by `reading.read_children` just before; receives what the writes return.
        wanted: children by kind.
        everything: apply also what does not differ. Needed when the spec has changed: a field that was taken out
            of it is invisible in a comparison, and only an apply gives it up.

    Returns:
        The paths that had drifted on live objects, for an event.
    """
    key = Key(pool.namespace, pool.name)
    corrected: list[str] = []
    for resource in APPLIED:
        live, manifest = cache.child(key, resource.kind), wanted[resource.kind]
        drift = drifted(manifest, live) if live is not None else []
        if everything or drift or live is None:
            applied = await client.apply(resource, manifest, manager=names.MANAGER)
            cache.put_child(key, resource.kind, applied)
            # A difference in notation, such as 1000m for 1, changes nothing: nobody had edited anything.
            if live is not None and _version(applied) != _version(live):
                corrected += [f"{resource.kind}{path}" for path in drift]
    return corrected


def _version(manifest: Manifest) -> str:
    return str(manifest["metadata"]["resourceVersion"])
