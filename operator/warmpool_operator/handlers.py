"""All of kopf: watches that turn into keys in the queue.

kopf is the dispatcher and nothing more. Handlers of `on.event` write nothing, keep nothing and cannot fail in a
way that matters: they note what they saw and put the pool's key into the queue, which retries. No `on.create`,
`timer`, `daemon` or `index`: those bring finalizers, annotations, quadratic start-up and events lost in a gap
between two watches.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import kopf

from warmpool_operator.api import names
from warmpool_operator.desired.drift import drifted
from warmpool_operator.desired.pool import Manifest
from warmpool_operator.observe.cache import Cache, Key, pool_of
from warmpool_operator.reconcile.reading import CHILDREN
from warmpool_operator.reconcile.reconciler import Reconciler
from warmpool_operator.runtime.resources import HPAS, PODS, Resource

DELETED = "DELETED"
Enqueue = Callable[[Key], None]


class Watches:
    """Turns watch events into cache entries and queue keys.

    Args:
        cache: last known pods and children.
        reconciler: told which pools to read anew.
        enqueue: puts a key into the work queue.
    """

    def __init__(self, cache: Cache, reconciler: Reconciler, enqueue: Enqueue) -> None:
        self._cache = cache
        self._reconciler = reconciler
        self._enqueue = enqueue
        self._generations: dict[Key, tuple[object, ...]] = {}

    def pool(self, body: Manifest, *, deleted: bool) -> None:
        """A pool was added, changed or deleted. Our own status writes are not news."""
        metadata = body["metadata"]
        key = Key(metadata["namespace"], metadata["name"])
        version = (metadata["uid"], metadata.get("generation"), metadata.get("deletionTimestamp"))
        if deleted:
            self._generations.pop(key, None)
        elif self._generations.get(key) == version:
            return
        else:
            self._generations[key] = version
        self._reconciler.touch(key)
        self._enqueue(key)

    def pod(self, body: Manifest, *, deleted: bool) -> None:
        """A pod of some pool was added, changed or deleted."""
        if (key := pool_of(body)) is None:
            return
        if deleted:
            self._cache.drop_pod(key, body)
        else:
            self._cache.put_pod(key, body)
        self._wake(key)

    def child(self, resource: Resource, body: Manifest, *, deleted: bool) -> None:
        """A child was changed or deleted; only what differs from what we asked for is worth a look."""
        key = pool_of(body)
        if key is None:
            return
        if (
            body["metadata"]["name"] != key.name
        ):  # a copy with our labels is no child, but one has a name of its own
            if deleted and body["metadata"]["name"] == f"{key.name}{names.WARMING_SERVICE_SUFFIX}":
                self._touch(key)
            return
        if deleted:
            self._cache.drop_child(key, resource.kind)
        else:
            self._cache.put_child(key, resource.kind, body)
        wanted = self._reconciler.wanted(key, resource.kind)
        if deleted or (wanted is not None and drifted(wanted, body)):
            self._touch(key)
        if resource is HPAS:  # its bounds are compared on every tick: come back at once
            self._wake(key)

    def _touch(self, key: Key) -> None:
        if key in self._generations:
            self._reconciler.touch(key)
            self._enqueue(key)

    def _wake(self, key: Key) -> None:
        if key in self._generations:
            self._enqueue(key)


def build_registry(watches: Watches) -> kopf.OperatorRegistry:
    """Return kopf's registry with every handler of this operator."""
    registry = kopf.OperatorRegistry()
    kopf.on.startup(registry=registry)(_configure)
    kopf.on.login(registry=registry)(_login)

    @kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=registry)
    async def on_pool(event: kopf.RawEvent, **_: Any) -> None:
        watches.pool(_plain(event), deleted=event["type"] == DELETED)

    @kopf.on.event("", PODS.version, PODS.plural, registry=registry)
    async def on_pod(event: kopf.RawEvent, **_: Any) -> None:
        watches.pod(_plain(event), deleted=event["type"] == DELETED)

    for resource in CHILDREN:
        _watch_child(registry, watches, resource)
    return registry


def _watch_child(registry: kopf.OperatorRegistry, watches: Watches, resource: Resource) -> None:
    @kopf.on.event(
        resource.group, resource.version, resource.plural, registry=registry, id=f"on_{resource.plural}"
    )
    async def on_child(event: kopf.RawEvent, **_: Any) -> None:
        watches.child(resource, _plain(event), deleted=event["type"] == DELETED)


def _plain(event: kopf.RawEvent) -> Manifest:
    return dict(event["object"])


def _configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Bound every wait, watch only what is ours, and leave no mark on objects."""
    settings.scanning.disabled = True
    settings.posting.loggers = False
    settings.posting.enabled = False
    settings.networking.request_timeout = 10
    settings.networking.connect_timeout = 5
    settings.watching.connect_timeout = 5
    # Watches behind load balancers can die silently (nolar/kopf#585): none lives longer than five minutes.
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.watching.chunk_size = 500
    settings.process.ultimate_exiting_timeout = 20
    for resource in (PODS, *CHILDREN):
        key = (resource.group, resource.version, resource.plural)
        settings.watching.label_selectors[key] = names.MANAGED_BY_SELECTOR


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """Use the pod's service account, or a kubeconfig outside of a cluster.

    kopf asks for `kubernetes.default.svc`; the address in the environment works without a cluster DNS too, and
    does not die with it.
    """
    account = kopf.login_with_service_account(**kwargs)
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if account is None or host is None:
        return account or kopf.login_with_kubeconfig(**kwargs)
    return replace(account, server=f"https://{f'[{host}]' if ':' in host else host}:{port}")
