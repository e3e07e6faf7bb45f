"""The chart as rendered: valid objects under any values, and no value that is not in its schema."""

from pathlib import Path
from typing import Any

import kubernetes.client
import pytest
import yaml

from hack.chart import install_yaml
from tests.chart.rendered import EVERYTHING, NAMESPACED, Helm, Render, kinds, one, pod
from warmpool_operator.api import crd

CHART = Path(__file__).parents[2] / "charts/warmpool"
MODELS = {
    "CustomResourceDefinition": "V1CustomResourceDefinition",
    "ServiceAccount": "V1ServiceAccount",
    "ClusterRole": "V1ClusterRole",
    "ClusterRoleBinding": "V1ClusterRoleBinding",
    "Role": "V1Role",
    "RoleBinding": "V1RoleBinding",
    "Secret": "V1Secret",
    "Deployment": "V1Deployment",
    "Lease": "V1Lease",
    "Service": "V1Service",
    "Pod": "V1Pod",
    "PodDisruptionBudget": "V1PodDisruptionBudget",
    "NetworkPolicy": "V1NetworkPolicy",
    "ConfigMap": "V1ConfigMap",
}
VARIANTS = {
    "default": {},
    "everything": EVERYTHING,
    "namespaced": NAMESPACED,
    "bare": {
        "crds.install": False,
        "rbac.create": False,
        "serviceAccount.create": False,
        "tokenKey.existingSecret": "mine",
        "metrics.service.enabled": False,
        "podDisruptionBudget.enabled": False,
    },
}


def test_lints(helm_run: Helm) -> None:
    done = helm_run("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_renders_objects_that_kubernetes_knows(render: Render, values: dict[str, Any]) -> None:
    manifests = render(**values)
    for manifest in manifests:
        assert len(manifest["metadata"]["name"]) <= 63
        if manifest["kind"] not in {"ServiceMonitor", "PodMonitor", "PrometheusRule"}:
            getattr(kubernetes.client, MODELS[manifest["kind"]]).model_validate(manifest)


def test_bare_is_a_deployment_alone(render: Render) -> None:
    manifests = render(**VARIANTS["bare"])
    assert kinds(manifests) == ["Deployment", "Lease"]
    spec, _ = pod(manifests)
    assert spec["serviceAccountName"] == "default"
    assert spec["volumes"][0]["secret"]["secretName"] == "mine"


def test_definition_is_the_generated_one_and_outlives_the_release(render: Render) -> None:
    generated = crd.custom_resource_definition()
    rendered = one(render(), "CustomResourceDefinition", generated["metadata"]["name"])
    assert rendered["spec"] == generated["spec"]
    assert rendered["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert generated["metadata"]["labels"].items() <= rendered["metadata"]["labels"].items()


def test_long_release_name_still_fits(render: Render) -> None:
    for manifest in render("r" * 53):
        assert len(manifest["metadata"]["name"]) <= 63


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("replica=2", "replica"),
        ("replicas=-1", "replicas"),
        ("rbac.scope=world", "scope"),
        ("log.level=loud", "level"),
        ("image.digest=latest", "digest"),
        ("watchNamespaces={Not_A_Name}", "watchNamespaces"),
        ("metrics.port=80", "port"),
    ],
)
def test_unusable_value_is_refused(helm_run: Helm, value: str, complaint: str) -> None:
    done = helm_run("template", "r", str(CHART), "--kube-version=1.34.2", "--set", value)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_every_value_is_in_the_schema_and_no_more() -> None:
    def same(values: dict[str, Any], schema: dict[str, Any], path: str) -> None:
        assert values.keys() == schema["properties"].keys() - {"global"}, path
        for name, child in schema["properties"].items():
            if "properties" in child:
                same(values[name], child, f"{path}.{name}")

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    same(values, yaml.safe_load((CHART / "values.schema.json").read_text()), "")


def test_install_yaml_holds_no_key(helm: str) -> None:
    documents = [document for document in yaml.safe_load_all(install_yaml.render(helm)) if document]
    assert "Secret" not in kinds(documents)
    assert {"Namespace", "CustomResourceDefinition", "Deployment", "ClusterRole"} <= set(kinds(documents))
    assert pod_spec(documents)["volumes"][0]["secret"]["secretName"] == install_yaml.SECRET


def pod_spec(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = one(manifests, "Deployment", "warmpool")["spec"]["template"]["spec"]
    return spec
