"""The operator's pod as rendered: restricted, with settings that it reads, selected by what should, and spread."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.chart.rendered import EVERYTHING, Render, kinds, one, pod
from warmpool_operator.settings import from_environment


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
