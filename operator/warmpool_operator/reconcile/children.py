"""Making the children of a pool what its spec says: all but the HPA, which follows the decision."""

from warmpool_operator.admission import nginx
from warmpool_operator.admission.limits import Intent, static_intent
from warmpool_operator.api import names
from warmpool_operator.desired.deployment import deployment
from warmpool_operator.desired.drift import drifted
from warmpool_operator.desired.ingress import ingress
from warmpool_operator.desired.pdb import pod_disruption_budget
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.service import service
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.runtime.kube import KubeClient
from warmpool_operator.runtime.resources import DEPLOYMENTS, INGRESSES, PDBS, SERVICES, ObjectRef, Resource

APPLIED: tuple[Resource, ...] = (SERVICES, PDBS, DEPLOYMENTS, INGRESSES)


def limits_of(pool: Pool) -> Intent | None:
    """Return the limits of a pool's Ingress, None without an Ingress or with limits off."""
    if pool.spec.ingress is None:
        return None
    server = pool.spec.server
    # A pod of unknown queue room takes about as many waiting requests as it computes.
    queue = server.max_queue if server.max_queue is not None else server.container_concurrency
    return static_intent(
        pool.spec.ingress.limits,
        floor=pool.spec.scaling.min_replicas,
        slots_per_pod=server.container_concurrency + queue,
    )


def wanted_children(pool: Pool, *, admin_token: str) -> dict[str, Manifest]:
    """Return every child that the spec asks for, by kind; the HPA is not among them."""
    manifests = [
        service(pool),
        pod_disruption_budget(pool),
        deployment(pool, admin_token=admin_token),
        ingress(pool, limits=nginx.annotations(limits_of(pool))),
    ]
    return {manifest["kind"]: manifest for manifest in manifests if manifest is not None}


async def apply_children(
    client: KubeClient, pool: Pool, cache: Cache, wanted: dict[str, Manifest], *, everything: bool
) -> list[str]:
    """Apply what differs from the live objects, delete what is no longer wanted.

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
        live, manifest = cache.child(key, resource.kind), wanted.get(resource.kind)
        if manifest is None:
            if live is not None:
                ref = ObjectRef(resource, pool.namespace, pool.name)
                await client.delete(ref, uid=live["metadata"]["uid"])
                cache.drop_child(key, resource.kind)
            continue
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
