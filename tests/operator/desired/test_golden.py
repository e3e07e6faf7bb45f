"""Each pool under tests/golden yields exactly the manifests beside it; `--update-golden` writes them anew."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import (
    V1Deployment,
    V1EndpointSlice,
    V1Ingress,
    V1PodDisruptionBudget,
    V1Service,
    V2HorizontalPodAutoscaler,
)
from pydantic import BaseModel, ValidationError

from warmpool_operator.admission.dialects import DIALECTS
from warmpool_operator.admission.intent import Capacity, intent_of, limit_of
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.deployment import deployment
from warmpool_operator.desired.hpa import exact, horizontal_pod_autoscaler
from warmpool_operator.desired.ingress import ingress
from warmpool_operator.desired.pdb import pod_disruption_budget
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.service import service
from warmpool_operator.desired.warming import (
    WarmingAddress,
    warming_endpoints,
    warming_service,
    warming_service_name,
)

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/pool.yaml"))
MODELS: dict[str, type[BaseModel]] = {
    "deployment": V1Deployment,
    "service": V1Service,
    "hpa": V2HorizontalPodAutoscaler,
    "pdb": V1PodDisruptionBudget,
    "ingress": V1Ingress,
    "warming-service": V1Service,
    "warming-endpoints": V1EndpointSlice,
}
SLOTS_PER_POD = 24


def parse(case: str) -> Pool:
    manifest = yaml.safe_load((GOLDEN / case / "pool.yaml").read_text())
    return Pool(
        namespace=manifest["metadata"]["namespace"],
        name=manifest["metadata"]["name"],
        uid="0f6f2b0e-3a52-4a0f-9a3e-1f2f6f3b7d11",
        generation=1,
        spec=PoolSpec.model_validate(manifest["spec"]),
    )


def render(pool: Pool) -> dict[str, Manifest | None]:
    floor = pool.spec.scaling.min_replicas
    capacity = Capacity(
        pods=2, slots_per_pod=SLOTS_PER_POD, concurrency=pool.spec.server.container_concurrency, service_ms=40
    )
    annotations: dict[str, str] = {}
    if wish := pool.spec.ingress:
        intent = intent_of(wish, limit_of(wish.limits, capacity), warming_service=warming_service_name(pool))
        annotations = DIALECTS[wish.dialect].express(intent).annotations
    return {
        "deployment": deployment(pool, admin_token="an-admin-token"),
        "service": service(pool),
        "hpa": horizontal_pod_autoscaler(pool, exact(floor)),
        "pdb": pod_disruption_budget(pool),
        "ingress": ingress(pool, annotations=annotations),
        "warming-service": warming_service(pool) if wish else None,
        "warming-endpoints": warming_endpoints(pool, WarmingAddress("10.0.0.9", 8082)) if wish else None,
    }


def text_of(manifest: Manifest) -> str:
    return yaml.safe_dump(manifest, sort_keys=False, width=110, allow_unicode=True)


def keys(node: Any, path: str = "") -> list[str]:
    """The path of every key of a manifest, list items as `[]`."""
    if isinstance(node, dict):
        return [
            found for key, child in node.items() for found in (f"{path}.{key}", *keys(child, f"{path}.{key}"))
        ]
    return [found for child in node for found in keys(child, f"{path}[]")] if isinstance(node, list) else []


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("case", CASES)
def test_manifest_is_the_golden_one(case: str, kind: str, request: pytest.FixtureRequest) -> None:
    file = GOLDEN / case / f"{kind}.yaml"
    manifest = render(parse(case))[kind]
    if request.config.getoption("--update-golden"):
        file.unlink(missing_ok=True)
        if manifest is not None:
            file.write_text(text_of(manifest))
    if manifest is None:
        assert not file.exists()
    else:
        assert text_of(manifest) == file.read_text()


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("case", CASES)
def test_the_official_client_reads_every_field(case: str, kind: str) -> None:
    manifest = render(parse(case))[kind]
    if manifest is not None:
        MODELS[kind].model_validate(manifest)


def test_the_official_client_refuses_what_kubernetes_does_not_know() -> None:
    manifest = deployment(parse("minimal"), admin_token="x")
    manifest["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(ValidationError, match="readynessProbe"):
        V1Deployment.model_validate(manifest)


@pytest.mark.parametrize("case", CASES)
def test_no_manifest_has_replicas(case: str) -> None:
    for manifest in filter(None, render(parse(case)).values()):
        assert not [path for path in keys(manifest) if path.endswith(".replicas")]


@pytest.mark.parametrize("case", CASES)
def test_every_child_belongs_to_the_pool(case: str) -> None:
    pool = parse(case)
    for kind, manifest in render(pool).items():
        if manifest is None:
            continue
        metadata = manifest["metadata"]
        name = warming_service_name(pool) if kind.startswith("warming") else pool.name
        assert (metadata["namespace"], metadata["name"]) == (pool.namespace, name)
        assert metadata["labels"].items() >= pool.selector.items()
        (owner,) = metadata["ownerReferences"]
        assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == (pool.uid, True, True)


def test_a_different_pool_yields_different_manifests() -> None:
    """Guards the comparison itself: two cases must not be equal."""
    assert render(parse("minimal")) != render(parse("slow"))
