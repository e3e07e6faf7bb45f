"""What the API server makes of pools: bad ones are refused in words, good ones are filled with defaults."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hack.cluster import ClusterError
from hack.cluster.kubectl import Kubectl
from hack.cluster.waiting import wait_for
from tests.operator.api.examples import EXAMPLES, pool_in
from tests.operator.api.invalid import CASES, RULES, VALID, changed
from warmpool_operator.api import crd, names
from warmpool_operator.api.pool import PoolSpec

CRD = f"{names.PLURAL}.{names.GROUP}"


@pytest.fixture(scope="module", autouse=True)
def definition(kubectl: Kubectl) -> None:
    """The definition as it is generated now. It stays: deleting it would delete every pool of other tests."""
    apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"]
    kubectl(*apply, stdin=crd.render())
    # Not `kubectl wait`, which gives up on a definition whose conditions are not there yet.
    wait_for("an established definition", lambda: is_established(kubectl), timeout=30)


def is_established(kubectl: Kubectl) -> bool:
    conditions = kubectl.get("crd", CRD).get("status", {}).get("conditions") or []
    return any((each["type"], each["status"]) == ("Established", "True") for each in conditions)


@pytest.fixture(scope="module")
def dry_create(
    kubectl: Kubectl, make_namespace: Callable[[], str]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Has the API server do everything but store an object, and returns what it would have stored."""

    namespace = make_namespace()  # a pool of the same name in `default` would be in the way

    def create(pool: dict[str, Any]) -> dict[str, Any]:
        answer = kubectl(
            "create", "--dry-run=server", "-o", "json", "-n", namespace, "-f", "-", stdin=json.dumps(pool)
        )
        stored: dict[str, Any] = json.loads(answer)
        return stored

    return create


Create = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_invalid_pool_is_refused_in_words(dry_create: Create, case: dict[str, Any]) -> None:
    with pytest.raises(ClusterError) as refused:
        dry_create(changed(VALID, case))
    for words in case["says"]:
        assert words in str(refused.value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_accepted_and_filled_as_the_models_fill_it(dry_create: Create, path: Path) -> None:
    pool = pool_in(path)
    stored = dry_create(pool)
    assert stored["spec"] == PoolSpec.model_validate(pool["spec"]).to_wire()
    assert "status" not in stored, "a status is written by the operator alone"


def test_every_block_is_filled_as_the_models_fill_it(dry_create: Create) -> None:
    case = {
        "set": {
            "spec.ingress": {"className": "nginx", "host": "*.example.org"},
            "spec.model.source": {"pvc": {"claimName": "weights", "subPath": "models/minilm"}},
            "spec.server.resources": {"limits": {"cpu": 2, "memory": "1.5Gi"}},
            "spec.server.maxQueue": 400,
            **{f"spec.scaling.{kind}": rules for kind, rules in RULES.items()},
            "spec.podTemplate": {"spec": {"nodeSelector": {"disk": "fast"}}},
        }
    }
    pool = changed(VALID, case)
    assert dry_create(pool)["spec"] == PoolSpec.model_validate(pool["spec"]).to_wire()


def test_floor_moves_by_kubectl_scale_and_columns_are_shown(kubectl: Kubectl, namespace: str) -> None:
    # Paused, so that an operator that may be running here leaves it alone.
    pool = changed(VALID, {"set": {"spec.paused": True, "metadata.namespace": namespace}})
    kubectl("create", "-f", "-", stdin=json.dumps(pool))
    kubectl("scale", "wmp/minilm", "--replicas=2", "-n", namespace)
    assert kubectl.get("wmp", "minilm", "-n", namespace)["spec"]["scaling"]["minReplicas"] == 2
    header, _ = kubectl("get", "warmpool", "-n", namespace).splitlines()
    assert header.split() == ["NAME", "DESIRED", "READY", "WARMING", "IN-USE", "BINDING", "AGE"]
    wide, _ = kubectl("get", "wmp", "-o", "wide", "-n", namespace).splitlines()
    assert wide.split()[-3:] == ["LIMIT", "REASON", "MESSAGE"]
    kubectl("delete", "wmp", "minilm", "-n", namespace)
