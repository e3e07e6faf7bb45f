"""Waiting until the API server serves pools at all: kopf would not notice a definition that comes later."""

import asyncio
import logging
from contextlib import suppress

from warmpool_operator.api import names
from warmpool_operator.reconcile.reading import POOLS
from warmpool_operator.runtime.errors import NotFound
from warmpool_operator.runtime.kube import KubeClient

RETRY_SECONDS = 5.0

log = logging.getLogger(__name__)


async def await_definition(client: KubeClient, namespace: str | None, stop: asyncio.Event) -> None:
    """Return once pools can be listed, or once `stop` is set.

    Args:
        client: the API server.
        namespace: where to list them; None for the whole cluster.
        stop: ends the wait.
    """
    while not stop.is_set():
        try:
            await client.list(POOLS, namespace)
        except NotFound:
            log.error(
                "the API server knows no %s.%s; install the CRD of this release (looking again in %g s)",
                names.PLURAL,
                names.GROUP,
                RETRY_SECONDS,
            )
        else:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
