"""Reading a pool and everything that belongs to it from the API server, not from memory."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from warmpool_operator.api import names
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.pool import Manifest, Pool, controller_uid, selector_string
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.runtime.kube import KubeClient
from warmpool_operator.runtime.resources import (
    DEPLOYMENTS,
    HPAS,
    INGRESSES,
    PDBS,
    PODS,
    SERVICES,
    ObjectRef,
    Resource,
)

POOLS: Final = Resource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
CHILDREN: Final = (DEPLOYMENTS, SERVICES, HPAS, PDBS, INGRESSES)


class InvalidSpecError(ValueError):
    """A spec that passed the API server's schema and yet cannot be used."""


async def read_pool(client: KubeClient, key: Key) -> Manifest | None:
    """Return the live pool, None if it is gone or being deleted."""
    body = await client.get(ObjectRef(POOLS, key.namespace, key.name))
    if body is None or "deletionTimestamp" in body["metadata"]:
        return None
    return body


def parse_pool(body: Mapping[str, Any]) -> Pool:
    """Return the parsed pool.

    Fields that this operator does not know are left aside: the definition is always newer than the operator for
    the length of an upgrade, and after a roll-back for longer, and the API server fills in defaults of new fields.
    Refusing them would stop every pool of the cluster.

    Raises:
        InvalidSpecError: with one line per field, as `kubectl` would say it.
    """
    metadata = body["metadata"]
    try:
        spec = PoolSpec.model_validate(body["spec"], extra="ignore")
    except ValidationError as error:
        lines = (f"spec.{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise InvalidSpecError("; ".join(lines)) from error
    return Pool(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata["generation"],
        spec=spec,
    )


async def read_children(client: KubeClient, pool: Pool, cache: Cache) -> list[str]:
    """Replace what the cache knows of a pool by what is, and return the names that others have taken.

    Returns:
        One entry per object that has the name of a child and is not controlled by this pool, such as
        `Deployment default/minilm`. Such objects do not enter the cache.
    """
    key = Key(pool.namespace, pool.name)
    refs = [ObjectRef(resource, pool.namespace, pool.name) for resource in CHILDREN]
    before = {pod["metadata"]["name"] for pod in cache.pods(key)}
    pods, *children = await asyncio.gather(
        client.list(PODS, pool.namespace, labels=selector_string(pool)), *(client.get(ref) for ref in refs)
    )
    cache.replace_pods(key, pods or [], before=before)  # type: ignore[arg-type]
    taken = []
    for ref, child in zip(refs, children, strict=True):
        if child is None:
            cache.drop_child(key, ref.resource.kind)
        elif controller_uid(child) != pool.uid:  # type: ignore[arg-type]
            cache.drop_child(key, ref.resource.kind)
            if ref.resource is not INGRESSES or pool.spec.ingress is not None:
                taken.append(str(ref))
        else:
            cache.put_child(key, ref.resource.kind, child)  # type: ignore[arg-type]
    return taken
