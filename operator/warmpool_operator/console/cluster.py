"""Pools as the API server has them, read with the rights of whoever calls."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import yaml
from rich.console import Console

from warmpool_operator.api.names import KIND
from warmpool_operator.api.status import PoolStatus
from warmpool_operator.console.exits import ConsoleError
from warmpool_operator.desired.pool import Manifest
from warmpool_operator.reconcile.reading import POOLS
from warmpool_operator.runtime.connect import DEFAULT_KUBECONFIG, connect
from warmpool_operator.runtime.errors import UNKNOWN_KIND, KubeError, NotFound
from warmpool_operator.runtime.resources import ObjectRef

USER_AGENT = "warmpool"
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
NO_DEFINITION = (
    "this cluster knows no WarmModelPool: install the chart, or choose another cluster with --context"
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Which cluster and which namespace.

    Attributes:
        namespace: None for the one of the context.
        context: None for the current one.
        kubeconfig: None for the usual places.
    """

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None

    @property
    def home(self) -> str:
        """The namespace that is meant when none is named."""
        return self.namespace or _own_namespace() or _context_namespace(self) or "default"


def list_pools(target: Target, *, everywhere: bool = False, quiet: bool = False) -> list[Manifest]:
    """Return the pools of a namespace, or of all of them.

    Raises:
        ConsoleError: the cluster has no such definition.
        KubeError: it cannot be reached, or refuses.
    """

    async def read() -> list[Manifest]:
        client = await connect(kubeconfig=target.kubeconfig, context=target.context, user_agent=USER_AGENT)
        try:
            return await client.list(POOLS, None if everywhere else target.home)
        except NotFound as error:
            raise ConsoleError(NO_DEFINITION) from error
        finally:
            await client.close()

    with nullcontext() if quiet else _asking():
        return asyncio.run(read())


def get_pool(target: Target, name: str, *, quiet: bool = False) -> Manifest:
    """Return one pool.

    Raises:
        ConsoleError: there is no such pool.
        KubeError: the cluster cannot be reached, or refuses.
    """

    async def read() -> Manifest | None:
        client = await connect(kubeconfig=target.kubeconfig, context=target.context, user_agent=USER_AGENT)
        try:
            return await client.get(ObjectRef(POOLS, target.home, name))
        except NotFound as error:
            if error.reason == UNKNOWN_KIND:
                raise ConsoleError(NO_DEFINITION) from error
            raise
        finally:
            await client.close()

    with nullcontext() if quiet else _asking():
        found = asyncio.run(read())
    if found is None:
        raise ConsoleError(f"no {KIND} {name} in namespace {target.home}; -n names another namespace")
    return found


def status_of(pool: Mapping[str, Any]) -> PoolStatus:
    """Return the status of a live pool; fields that a newer operator wrote are left aside."""
    return PoolStatus.model_validate(pool.get("status") or {}, extra="ignore")


def complete_pools(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of pools for the shell's completion; none where the cluster does not answer."""
    given = {key: context.params.get(key) for key in ("namespace", "context", "kubeconfig")}
    try:
        pools = list_pools(Target(**given), quiet=True)
    except (KubeError, ConsoleError):
        return []
    names = (str(pool["metadata"]["name"]) for pool in pools)
    return [name for name in names if name.startswith(incomplete)]


def _asking() -> AbstractContextManager[object]:
    """Show on a terminal that an answer is awaited."""
    return Console(stderr=True).status("asking the API server …")


def _own_namespace() -> str | None:
    """The namespace of the pod that this runs in, if it does."""
    if "KUBERNETES_SERVICE_HOST" not in os.environ or not NAMESPACE_FILE.exists():
        return None
    return NAMESPACE_FILE.read_text(encoding="utf-8").strip() or None


def _context_namespace(target: Target) -> str | None:
    """The namespace that the context names, as kubectl would use it.

    What cannot be read says nothing here: connecting to the cluster reports it.
    """
    files = target.kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG
    contexts: dict[str, str | None] = {}
    current = target.context
    for file in files.split(os.pathsep):
        try:
            content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
            current = current or content.get("current-context")
            for each in content.get("contexts") or []:
                contexts.setdefault(each["name"], each["context"].get("namespace"))
        except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError):
            continue
    return contexts.get(current or "")
