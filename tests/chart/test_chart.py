"""The chart as rendered: valid objects, least rights, restricted pods, settings that the operator reads."""

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes.client
import pytest
import yaml

from hack.chart import install_yaml
from warmpool_operator.api import crd
from warmpool_operator.settings import from_environment

CHART = Path(__file__).parents[2] / "charts/warmpool"
Render = Callable[..., list[dict[str, Any]]]
Helm = Callable[..., subprocess.CompletedProcess[str]]

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
EVERYTHING: dict[str, Any] = {
    "replicas": 2,
    "networkPolicy.enabled": True,
    "networkPolicy.from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
    "networkPolicy.ingressControllers": [{"namespaceSelector": {"matchLabels": {"name": "ingress-nginx"}}}],
    "metrics.serviceMonitor.enabled": True,
    "metrics.serviceMonitor.labels": {"release": "prometheus"},
    "metrics.podMonitor.enabled": True,
    "metrics.prometheusRule.enabled": True,
    "metrics.dashboard.enabled": True,
    "metrics.dashboard.annotations": {"grafana_folder": "models"},
    "metrics.service.annotations": {"prometheus.io/scrape": "true"},
    "serviceAccount.annotations": {"a": "b"},
    "image.digest": "sha256:" + "0" * 64,
    "imagePullSecrets": [{"name": "pull"}],
    "extraEnv": [{"name": "TZ", "value": "UTC"}],
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "ml"},
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}
NAMESPACED: dict[str, Any] = {"rbac.scope": "namespace", "watchNamespaces": ["a", "b"]}
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
CHILD = {"get", "list", "watch", "create", "patch"}
RIGHTS = {
    ("warmpool.dev", "warmmodelpools"): {"get", "list", "watch"},
    ("warmpool.dev", "warmmodelpools/status"): {"get", "patch"},
    ("warmpool.dev", "warmmodelpools/finalizers"): {"update"},
    ("apps", "deployments"): CHILD,
    ("apps", "deployments/scale"): {"get", "update", "patch"},
    ("autoscaling", "horizontalpodautoscalers"): CHILD,
    ("", "services"): CHILD,
    ("networking.k8s.io", "ingresses"): CHILD | {"delete"},
    ("discovery.k8s.io", "endpointslices"): {"get", "create", "patch"},
    ("policy", "poddisruptionbudgets"): CHILD,
    ("", "pods"): {"get", "list", "watch", "patch"},
    ("keda.sh", "scaledobjects"): {"list"},
    ("events.k8s.io", "events"): {"list", "create", "patch"},
}


def kinds(manifests: list[dict[str, Any]]) -> list[str]:
    return sorted(manifest["kind"] for manifest in manifests)


def one(manifests: list[dict[str, Any]], kind: str, name: str = "r-warmpool") -> dict[str, Any]:
    (found,) = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def pod(manifests: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operator's pod spec and its only container."""
    spec = one(manifests, "Deployment")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return spec, container


def rights(role: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Verbs by group and resource."""
    return {
        (group, resource): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
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


def test_rights_are_these_and_no_others(render: Render) -> None:
    assert rights(one(render(), "ClusterRole")) == RIGHTS
    lease = one(render(leaseName="leader"), "Role", "r-warmpool-lease")
    assert lease["metadata"]["namespace"] == "system"
    create, renew = lease["rules"]
    assert (create["verbs"], renew["verbs"], renew["resourceNames"]) == (
        ["create"],
        ["get", "update"],
        ["leader"],
    )


def test_namespace_scope_grants_nothing_beyond_the_namespaces(render: Render) -> None:
    manifests = render(**NAMESPACED)
    assert not {"ClusterRole", "ClusterRoleBinding"} & set(kinds(manifests))
    roles = {m["metadata"]["namespace"]: m for m in manifests if m["kind"] == "Role"}
    assert roles.keys() == {"a", "b", "system"}
    assert rights(roles["a"]) == rights(roles["b"]) == RIGHTS
    bindings = [m for m in manifests if m["kind"] == "RoleBinding"]
    assert all(binding["subjects"][0]["namespace"] == "system" for binding in bindings)


def test_people_with_edit_get_pools_but_not_their_status(render: Render) -> None:
    edit = one(render(), "ClusterRole", "r-warmpool-edit")
    assert ("warmpool.dev", "warmmodelpools/status") not in rights(edit)
    view = one(render(), "ClusterRole", "r-warmpool-view")
    assert set().union(*rights(view).values()) == {"get", "list", "watch"}


def test_pod_is_restricted(render: Render) -> None:
    spec, container = pod(render())
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65532
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize(
    ("values", "namespaces"),
    [
        pytest.param({}, (), id="all"),
        pytest.param({"watchNamespaces": ["b", "a", "b"]}, ("b", "a"), id="some"),
        pytest.param({"rbac.scope": "namespace"}, ("system",), id="own"),
    ],
)
def test_operator_reads_the_settings_of_the_chart(
    render: Render, tmp_path: Path, values: dict[str, Any], namespaces: tuple[str, ...]
) -> None:
    values = values | {
        "log.level": "debug",
        "log.format": "text",
        "tickSeconds": 2,
        "namespaceMaxReplicas": 40,
        "metrics.port": 9090,
    }
    manifests = render(**values)
    _, container = pod(manifests)
    secret = one(manifests, "Secret", "r-warmpool-token-key")
    (tmp_path / "key").write_bytes(base64.b64decode(secret["data"]["key"]))
    fields = {"metadata.name": "pod", "metadata.namespace": "system", "status.podIP": "10.0.0.9"}
    environment = {
        item["name"]: item["value"] if "value" in item else fields[item["valueFrom"]["fieldRef"]["fieldPath"]]
        for item in container["env"]
    }
    assert environment["WARMPOOL_TOKEN_KEY_FILE"] == container["volumeMounts"][0]["mountPath"] + "/key"
    settings = from_environment(environment | {"WARMPOOL_TOKEN_KEY_FILE": str(tmp_path / "key")})
    assert settings.namespaces == namespaces
    assert (settings.pod_name, settings.pod_namespace) == ("pod", "system")
    assert (settings.log_level, settings.log_format) == ("DEBUG", "text")
    assert (settings.tick_seconds, settings.metrics_port) == (2, 9090)
    assert settings.namespace_max_replicas == 40
    assert settings.lease_name == "r-warmpool"
    assert (settings.warming_port, settings.pod_ip) == (8082, "10.0.0.9")
    assert container["ports"] == [
        {"name": "metrics", "containerPort": 9090, "protocol": "TCP"},
        {"name": "warming", "containerPort": 8082, "protocol": "TCP"},
    ]


def test_the_warming_port_can_be_closed(render: Render) -> None:
    manifests = render(**{"warming.enabled": False, "networkPolicy.enabled": True})
    _, container = pod(manifests)
    assert {"name": "WARMPOOL_WARMING_PORT", "value": "0"} in container["env"]
    assert [port["name"] for port in container["ports"]] == ["metrics"]
    assert len(one(manifests, "NetworkPolicy")["spec"]["ingress"]) == 1


def test_token_key_is_32_random_bytes(render: Render) -> None:
    keys = {one(render(), "Secret", "r-warmpool-token-key")["data"]["key"] for _ in range(2)}
    assert len(keys) == 2
    assert {len(base64.b64decode(key)) for key in keys} == {32}


def test_every_selector_finds_the_pod(render: Render) -> None:
    manifests = render(**EVERYTHING)
    deployment = one(manifests, "Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"].items()
    selectors = [
        deployment["selector"]["matchLabels"],
        deployment["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        one(manifests, "Service", "r-warmpool-metrics")["spec"]["selector"],
        one(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one(manifests, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    for selector in selectors:
        assert selector.items() <= labels


def test_pod_labels_cannot_take_the_selector_away(render: Render) -> None:
    manifests = render(podLabels={"app.kubernetes.io/name": "other", "team": "ml"})
    labels = one(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "warmpool"
    assert labels["team"] == "ml"


def test_one_replica_has_no_budget_that_would_block_a_drain(render: Render) -> None:
    assert "PodDisruptionBudget" not in kinds(render(replicas=1))


def test_by_default_one_replica_stands_by_on_another_node(render: Render) -> None:
    manifests = render()
    deployment = one(manifests, "Deployment")["spec"]
    assert deployment["replicas"] == 2
    (spread,) = deployment["template"]["spec"]["topologySpreadConstraints"]
    assert (spread["topologyKey"], spread["maxSkew"]) == ("kubernetes.io/hostname", 1)
    assert one(manifests, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_no_selector_finds_the_pod_of_helm_test(render: Render) -> None:
    manifests = render()
    test = one(manifests, "Pod", "r-warmpool-test")
    assert test["metadata"]["annotations"]["helm.sh/hook"] == "test"
    selector = one(manifests, "Deployment")["spec"]["selector"]["matchLabels"]
    assert not selector.items() <= test["metadata"]["labels"].items()
    assert "R_WARMPOOL_METRICS_SERVICE_HOST" in test["spec"]["containers"][0]["args"][0]
    assert test["spec"]["containers"][0]["securityContext"] == pod(manifests)[1]["securityContext"]


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
