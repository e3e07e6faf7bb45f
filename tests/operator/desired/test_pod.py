"""What holds for the pod of every pool: timing, labels, ports, security."""

from typing import Any

import pytest

from warmpool_operator.api import names
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.deployment import deployment
from warmpool_operator.desired.pool import Manifest, Pool, controller_uid, selector_string
from warmpool_operator.desired.service import service
from warmpool_operator.desired.timing import DRAIN_PROPAGATION_SECONDS, timing_of


def pool_with(
    *, server: dict[str, Any] | None = None, startup: dict[str, Any] | None = None, **spec: Any
) -> Pool:
    base: dict[str, Any] = {
        "model": {"name": "m", "source": {"baked": {}}},
        "server": {"image": "m:1", **(server or {})},
        "startup": startup or {},
        "scaling": {"maxReplicas": 3},
    }
    return Pool(namespace="ns", name="m", uid="u-1", generation=1, spec=PoolSpec.model_validate(base | spec))


def template_of(pool: Pool) -> Manifest:
    manifest: Manifest = deployment(pool, admin_token="secret")["spec"]["template"]
    return manifest


def server_of(pool: Pool) -> Manifest:
    containers = template_of(pool)["spec"]["containers"]
    return next(c for c in containers if c["name"] == names.CONTAINER)


def env_of(pool: Pool) -> dict[str, Any]:
    return {variable["name"]: variable.get("value") for variable in server_of(pool)["env"]}


@pytest.mark.parametrize("timeout", [5, 30, 600, 7200])
@pytest.mark.parametrize("target_ms", [1, 1000, 10_001, 600_000])
def test_deadlines_contain_each_other(timeout: int, target_ms: int) -> None:
    pool = pool_with(server={"latencyTargetMs": target_ms}, startup={"timeoutSeconds": timeout})
    manifest = deployment(pool, admin_token="x")["spec"]
    probe = server_of(pool)["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == timeout
    assert probe.get("initialDelaySeconds", 0) == 0
    assert manifest["progressDeadlineSeconds"] > timeout
    env = env_of(pool)
    propagation = int(env[names.Env.DRAIN_PROPAGATION_SECONDS])
    drain = int(env[names.Env.DRAIN_TIMEOUT_SECONDS])
    assert manifest["template"]["spec"]["terminationGracePeriodSeconds"] > propagation + drain
    assert drain * 1000 >= target_ms
    assert propagation == DRAIN_PROPAGATION_SECONDS


@pytest.mark.parametrize(
    ("target_ms", "drain", "grace"), [(1000, 30, 40), (10_000, 30, 40), (10_001, 33, 43), (60_500, 183, 193)]
)
def test_drain_is_three_latency_targets_and_at_least_half_a_minute(
    target_ms: int, drain: int, grace: int
) -> None:
    timing = timing_of(pool_with(server={"latencyTargetMs": target_ms}).spec)
    assert (timing.drain_timeout, timing.termination_grace) == (drain, grace)


def test_probes_ask_the_admin_port_and_wait_no_longer_than_their_period_allows() -> None:
    server = server_of(pool_with(server={"port": 9000, "adminPort": 9001}))
    ports = {port["name"]: port["containerPort"] for port in server["ports"]}
    assert ports == {names.PORT_NAME: 9000, names.ADMIN_PORT_NAME: 9001}
    paths = {}
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert server[kind]["httpGet"]["port"] == names.ADMIN_PORT_NAME
        paths[kind] = server[kind]["httpGet"]["path"]
    assert paths == {
        "startupProbe": names.PATH_STARTUP,
        "readinessProbe": names.PATH_READY,
        "livenessProbe": names.PATH_LIVE,
    }
    assert server["readinessProbe"]["failureThreshold"] == 3


def test_the_admin_port_is_in_no_service() -> None:
    manifest = service(pool_with(server={"port": 9000, "adminPort": 9001}))
    assert [port["targetPort"] for port in manifest["spec"]["ports"]] == [names.PORT_NAME]


STORE: dict[str, Any] = {"uri": "s3://models/minilm", "credentialsSecretRef": {"name": "s3"}}
BAKED: dict[str, Any] = {"name": "m", "source": {"baked": {}}}
FETCHED: dict[str, Any] = {"name": "m", "source": {"objectStore": STORE}}


@pytest.mark.parametrize("model", [BAKED, FETCHED])
def test_the_pod_meets_the_restricted_standard(model: dict[str, Any]) -> None:
    template = template_of(pool_with(model=model))["spec"]
    assert template["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert template["automountServiceAccountToken"] is False
    for container in [*template.get("initContainers", []), *template["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
    assert {"name": "tmp", "mountPath": "/tmp"} in template["containers"][0]["volumeMounts"]


def test_credentials_reach_the_container_that_fetches_and_no_other() -> None:
    template = template_of(pool_with(model=FETCHED))["spec"]
    (fetch,), (server,) = template["initContainers"], template["containers"]
    assert fetch["envFrom"] == [{"secretRef": {"name": "s3"}}]
    assert "s3" not in str(server["env"])
    assert "envFrom" not in server
    assert [mount.get("readOnly") for mount in fetch["volumeMounts"]] == [None, None]
    assert {"name": "model", "mountPath": "/models", "readOnly": True} in server["volumeMounts"]
    assert env_of(pool_with(model=FETCHED))[names.Env.MODEL_PATH] == "/models/model"


def test_a_model_that_is_fetched_has_longer_to_come() -> None:
    def deadline(model: dict[str, Any]) -> int:
        return int(deployment(pool_with(model=model), admin_token="x")["spec"]["progressDeadlineSeconds"])

    assert deadline(FETCHED) - deadline(BAKED) == 1800


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": {names.LABEL_POOL: "other", names.LABEL_COMPONENT: "x", names.LABEL_MANAGED_BY: "me"}},
        {"labels": dict.fromkeys([names.LABEL_POOL, names.LABEL_COMPONENT, names.LABEL_MANAGED_BY])},
        {"labels": None},
        {"labels": {}},
        {"annotations": {"a": "b"}},
        None,
        "not even a map",
        {"labels": "nor this"},
    ],
)
def test_an_overlay_cannot_take_pods_out_of_the_selector(metadata: Any) -> None:
    pool = pool_with(podTemplate={"metadata": metadata})
    labels = template_of(pool)["metadata"]["labels"]
    assert labels.items() >= pool.selector.items()
    assert labels[names.LABEL_MANAGED_BY] == names.MANAGER
    selector = deployment(pool, admin_token="x")["spec"]["selector"]["matchLabels"]
    assert selector == pool.selector == service(pool)["spec"]["selector"]


def test_settings_of_the_pod_follow_the_spec() -> None:
    server = {"maxQueue": 0, "containerConcurrency": 2, "env": [{"name": "MINE", "value": "1"}]}
    env = env_of(pool_with(server=server, model={"name": "m", "source": {"baked": {}}, "path": "/opt/m"}))
    assert env[names.Env.MAX_QUEUE] == "0"
    assert env[names.Env.CONTAINER_CONCURRENCY] == "2"
    assert env[names.Env.MODEL_PATH] == "/opt/m"
    assert env[names.Env.ADMIN_TOKEN] == "secret"
    assert env["MINE"] == "1"
    assert all(isinstance(value, str) for value in env.values())


def test_what_the_spec_leaves_open_is_left_to_the_image() -> None:
    server = server_of(pool_with())
    assert {names.Env.MAX_QUEUE, names.Env.MODEL_PATH} & env_of(pool_with()).keys() == set()
    assert not {"command", "args"} & server.keys()


def test_weights_on_a_volume_are_mounted_read_only_where_the_server_is_told_to_look() -> None:
    pool = pool_with(model={"name": "m", "source": {"pvc": {"claimName": "w", "subPath": "a/b"}}})
    mount = next(m for m in server_of(pool)["volumeMounts"] if m["name"] == "model")
    assert mount == {"name": "model", "mountPath": "/models", "readOnly": True, "subPath": "a/b"}
    assert env_of(pool)[names.Env.MODEL_PATH] == mount["mountPath"]
    volume = next(v for v in template_of(pool)["spec"]["volumes"] if v["name"] == "model")
    assert volume["persistentVolumeClaim"] == {"claimName": "w", "readOnly": True}


def test_selector_string_selects_what_the_deployment_selects() -> None:
    pool = pool_with()
    assert dict(pair.split("=") for pair in selector_string(pool).split(",")) == pool.selector


@pytest.mark.parametrize(
    ("owners", "uid"),
    [
        (None, None),
        ([], None),
        ([{"uid": "a"}], None),
        ([{"uid": "a"}, {"uid": "b", "controller": True}], "b"),
    ],
)
def test_controller_uid(owners: Any, uid: str | None) -> None:
    assert controller_uid({"metadata": {"ownerReferences": owners}}) == uid
    assert controller_uid({}) is None
