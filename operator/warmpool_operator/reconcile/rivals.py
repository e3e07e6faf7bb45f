"""Others who scale the same Deployment. Two scalers on one target never agree, so the operator yields and says so.

Another HPA and a KEDA ScaledObject are looked for by their target, once in a while and per namespace. A hand on
`/scale` is read from the Deployment: who wrote `spec.replicas` last, and whether that is a number that the
operator never asked for. The HPA sets such a number back within 15 s, unless it is 0: an HPA leaves a workload
at 0 alone, so a hand that scaled to 0 wins until somebody scales up.
"""

from collections.abc import Callable
from dataclasses import dataclass

from warmpool_operator.api import names
from warmpool_operator.desired.hpa import Bounds, bounds_of
from warmpool_operator.desired.pool import Manifest, Pool, controller_uid
from warmpool_operator.observe.cache import Cache, Key
from warmpool_operator.reconcile.state import PoolState
from warmpool_operator.runtime.errors import Forbidden, KubeError, NotFound
from warmpool_operator.runtime.kube import KubeClient
from warmpool_operator.runtime.resources import DEPLOYMENTS, HPAS, Resource

LOOK_MS = 10_000
ABSENT_MS = 300_000
"""How long to believe that a kind is not served, or may not be listed."""
SCALED_OBJECTS = Resource("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
OURS = frozenset({names.SCALE_MANAGER, names.MANAGER, names.HPA_MANAGER})


@dataclass
class _Known:
    """Scalers of one kind in one namespace, and when to look again."""

    found: list[Manifest]
    due_ms: int


class Rivals:
    """Finds other scalers.

    Args:
        client: the API server.
        now_ms: milliseconds since the epoch.
    """

    def __init__(self, client: KubeClient, *, now_ms: Callable[[], int]) -> None:
        self._client = client
        self._now_ms = now_ms
        self._known: dict[tuple[str, str], _Known] = {}

    async def of(self, pool: Pool) -> list[str]:
        """Return the other scalers of a pool's Deployment, such as `ScaledObject default/minilm`."""
        found = [
            scaler for kind in (HPAS, SCALED_OBJECTS) for scaler in await self._scalers(kind, pool.namespace)
        ]
        return [
            f"{each['kind']} {pool.namespace}/{each['metadata']['name']}"
            for each in found
            if _targets(each, pool) and controller_uid(each) != pool.uid
        ]

    async def note(self, state: PoolState, pool: Pool, cache: Cache) -> None:
        """Note who else scales a pool's workload; once nobody does, the children follow the spec again."""
        before = state.rivals
        state.rivals = await self.of(pool)
        state.structure_due_ms = 0 if before and not state.rivals else state.structure_due_ms
        key = Key(pool.namespace, pool.name)
        live, hpa = cache.child(key, DEPLOYMENTS.kind), cache.child(key, HPAS.kind)
        desired = state.decision.desired if state.decision else 0
        bounds = None if hpa is None else bounds_of(hpa)
        state.awake = state.awake or (live is not None and live["spec"].get("replicas", 1) > 0)
        state.hand = hand_on_scale(live, bounds, desired=desired, awake=state.awake) if live else None

    async def _scalers(self, kind: Resource, namespace: str) -> list[Manifest]:
        known = self._known.setdefault((kind.kind, namespace), _Known([], 0))
        now_ms = self._now_ms()
        if now_ms < known.due_ms:
            return known.found
        known.due_ms = now_ms + LOOK_MS  # before the call: pools of one namespace ask at the same time
        try:
            known.found = await self._client.list(kind, namespace)
        except (NotFound, Forbidden):
            known.found, known.due_ms = [], now_ms + ABSENT_MS
        except KubeError:
            pass  # what was known stays known; the reconcile itself will meet the same error
        return known.found


def _targets(scaler: Manifest, pool: Pool) -> bool:
    target = scaler.get("spec", {}).get("scaleTargetRef") or {}
    # A ScaledObject may leave the kind out; it then means a Deployment.
    return target.get("name") == pool.name and target.get("kind", DEPLOYMENTS.kind) == DEPLOYMENTS.kind


def hand_on_scale(
    deployment: Manifest, bounds: Bounds | None, *, desired: int, awake: bool = False
) -> str | None:
    """Return who scaled a Deployment by hand to a number that is not ours, None if nobody did.

    Args:
        deployment: live, with its managed fields.
        bounds: of the pool's HPA, None before there is one.
        desired: the decision.
        awake: whether it had pods since the operator last took it to none. The API server (1.34) records nobody as
            the owner of a 0, so that one cannot be told from ours by its owner.
    """
    replicas = int(deployment["spec"].get("replicas", 1))
    if bounds is None or replicas == desired or bounds.low <= replicas <= bounds.high:
        return None
    if replicas == 0:
        return "somebody" if awake else None
    for entry in deployment["metadata"].get("managedFields") or []:
        owns = "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        if owns and entry.get("manager") not in OURS:
            return str(entry.get("manager"))
    return None


def scale_is_owned(deployment: Manifest) -> bool:
    """Whether the API server records who writes a Deployment's replicas.

    It does so (1.34) only once somebody has applied them; a PUT of `/scale` before that leaves no trace.
    """
    return any(
        "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in deployment["metadata"].get("managedFields") or []
    )
