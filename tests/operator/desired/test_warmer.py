"""The sidecar that warms servers of other makes, and who is asked whether a pod is warm."""

from typing import Any

import pytest

from warmpool_operator.api import names
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.desired.deployment import pod_template
from warmpool_operator.desired.pool import Manifest, Pool

IMAGE = "serving:1"


def pod_of(server: dict[str, Any], warmup: dict[str, Any], **spec: Any) -> Manifest:
    base = {
        "model": {"name": "m", "source": {"baked": {}}},
        "server": {"image": "m:1", **server},
        "startup": {"warmup": warmup},
        "scaling": {"maxReplicas": 3},
    }
    pool = Pool(namespace="ns", name="m", uid="u", generation=1, spec=PoolSpec.model_validate(base | spec))
    manifest: Manifest = pod_template(pool, admin_token="secret")["spec"]
    return manifest


def asked(pod: Manifest, probe: str) -> tuple[str, Any]:
    (server,) = pod["containers"]
    get = server[probe]["httpGet"]
    return get["path"], get["port"]


@pytest.mark.parametrize("protocol", ["vllm", "tei", "triton"])
def test_started_means_warmed_and_ready_means_healthy(protocol: str) -> None:
    http = {"image": IMAGE, "path": "/generate", "body": "{}"}
    pod = pod_of({"protocol": protocol, "port": 9000, "adminPort": 9001}, {"http": http})
    (sidecar,) = pod["initContainers"]
    assert sidecar["restartPolicy"] == "Always", "else the server would never start"
    assert "startupProbe" not in sidecar, "it would hold the server back, which it waits for"
    assert asked(pod, "startupProbe") == (names.PATH_STARTUP, 9001)
    healthy = "/v2/health/ready" if protocol == "triton" else "/health"
    assert asked(pod, "readinessProbe") == (healthy, names.PORT_NAME)
    assert f"--health=http://localhost:9000{healthy}" in sidecar["command"]
    assert "--count=3" in sidecar["command"]


def test_without_a_request_nothing_runs_beside_the_server() -> None:
    pod = pod_of({"protocol": "vllm"}, {"requests": 5})
    assert "initContainers" not in pod
    assert asked(pod, "startupProbe") == ("/health", names.PORT_NAME)


def test_this_projects_own_server_warms_itself() -> None:
    pod = pod_of({}, {"requests": 5})
    assert "initContainers" not in pod
    assert asked(pod, "startupProbe") == (names.PATH_STARTUP, names.ADMIN_PORT_NAME)


def test_without_a_body_the_request_has_no_kind() -> None:
    pod = pod_of({"protocol": "vllm"}, {"http": {"image": IMAGE, "path": "/generate?a=$(B)"}})
    (sidecar,) = pod["initContainers"]
    assert "--url=http://localhost:8080/generate?a=$$(B)" in sidecar["command"]
    assert not [each for each in sidecar["command"] if each.startswith(("--body", "--content-type"))]


def test_the_sidecar_can_be_given_a_token_by_the_overlay() -> None:
    variable = {"name": "WARMPOOL_API_KEY", "valueFrom": {"secretKeyRef": {"name": "key", "key": "token"}}}
    overlay = {"spec": {"initContainers": [{"name": names.WARM_CONTAINER, "env": [variable]}]}}
    http = {"image": IMAGE, "path": "/generate"}
    (sidecar,) = pod_of({"protocol": "vllm"}, {"http": http}, podTemplate=overlay)["initContainers"]
    assert (sidecar["env"], sidecar["image"]) == ([variable], IMAGE)
