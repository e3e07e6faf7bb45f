"""Every way in which a start fails is caused for real, and told with what would fix it.

All pools are applied at once: a failing start costs seconds of waiting and next to no work.
"""

import re
from collections.abc import Callable

import pytest

from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import Object, PoolHandle, spec

pytestmark = pytest.mark.usefixtures("operator")
IMAGE = "warmpool/serving:dev"
COPY = """
import json, os, pathlib, shutil
model = pathlib.Path('/broken/model')
shutil.copytree('/models/minilm', model)
"""
SPOIL = """
weights = max(model.iterdir(), key=lambda file: file.stat().st_size)
with weights.open('r+b') as stream:
    stream.seek(9999)
    stream.write(b'spoilt')
"""
RESHAPE = """
manifest = model / 'manifest.json'
body = json.loads(manifest.read_text())
body['dims'] = 383
manifest.write_text(json.dumps(body))
"""
RESTRICTED: Object = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def fake(**env: str) -> Object:
    """A pool of pretended models with more settings."""
    listed = [{"name": f"WARMPOOL_{name}", "value": value} for name, value in env.items()]
    return spec(server={"env": listed})


def broken(change: str) -> Object:
    """A pool of the real model, after an init container has done something to its bundle."""
    mount = {"name": "broken", "mountPath": "/broken"}
    init = {
        "name": "breaks",
        "image": IMAGE,
        "command": ["python", "-c", COPY + change],
        "securityContext": RESTRICTED,
        "volumeMounts": [mount],
    }
    made = spec(server={"engine": "onnx", "env": []}, model={"path": "/broken/model"})
    return made | {
        "podTemplate": {
            "spec": {
                "initContainers": [init],
                "containers": [{"name": "server", "volumeMounts": [mount]}],
                "volumes": [{"name": "broken", "emptyDir": {}}],
            }
        }
    }


def impatient() -> Object:
    """A pod template as foreign charts have it: a liveness probe and nothing that holds it back."""
    probe = {
        "httpGet": {"path": "/health/startup", "port": "admin"},
        "periodSeconds": 1,
        "failureThreshold": 3,
    }
    server = {"name": "server", "startupProbe": None, "livenessProbe": probe}
    return fake(FAKE_LOAD_SECONDS="40") | {"podTemplate": {"spec": {"containers": [server]}}}


def filling() -> Object:
    """A sidecar that writes more to its own disk than it may."""
    write = "open('/tmp/full', 'wb').write(b'x' * 8_000_000); import time; time.sleep(600)"
    sidecar = {
        "name": "fills",
        "image": IMAGE,
        "command": ["python", "-c", write],
        "securityContext": RESTRICTED,
        "resources": {"limits": {"ephemeral-storage": "1Mi"}},
    }
    return fake(FAKE_LOAD_SECONDS="40") | {"podTemplate": {"spec": {"containers": [sidecar]}}}


def tight() -> Object:
    """A pretended model that leaves little of 768Mi: the process alone has about 40."""
    made = fake(FAKE_WEIGHTS_MIB="712")
    made["server"]["resources"] = {"requests": {"memory": "96Mi"}, "limits": {"memory": "768Mi"}}
    return made


def heavy(memory: str) -> Object:
    return {"resources": {"requests": {"cpu": "20m", "memory": memory}}}


POOLS: dict[str, tuple[Object, str, str, tuple[str, ...]]] = {
    "oom": (
        fake(FAKE_LOAD_SECONDS="0.2", FAKE_WEIGHTS_MIB="400"),
        "StartupFailing",
        "OutOfMemory",
        ("limits.memory, 256Mi", "exit code 137", "The weights are 400Mi: set it to 800Mi"),
    ),
    "unpullable": (
        spec(server={"image": "registry.invalid/no/such-image:1"}),
        "StartupFailing",
        "ImagePull",
        ("registry.invalid/no/such-image:1", "the node cannot reach the registry"),
    ),
    "missing": (
        spec(server={"engine": "auto", "env": []}, model={"path": "/nowhere"}),
        "StartupFailing",
        "ModelUnusable",
        ("the folder /nowhere does not exist",),
    ),
    "corrupt": (
        broken(SPOIL),
        "StartupFailing",
        "ModelUnusable",
        ("is corrupt: its sha256 is not the one in manifest.json",),
    ),
    "shape": (
        broken(RESHAPE),
        "StartupFailing",
        "ModelUnusable",
        ("does not give 383 numbers per text",),
    ),
    "unreadable": (
        broken("os.chmod(model, 0)"),
        "StartupFailing",
        "ModelUnusable",
        ("/broken/model", "cannot be read: Permission denied", "runs as user"),
    ),
    "setting": (
        fake(LOG_LEVEL="loud"),
        "StartupFailing",
        "SettingRefused",
        ("WARMPOOL_LOG_LEVEL", "'loud'"),
    ),
    "crashing": (
        spec(server={"command": ["python", "-c", "raise SystemExit('the disk said no')"]}),
        "StartupFailing",
        "CrashLoop",
        ("exit code 1", "the disk said no"),
    ),
    "impatient": (
        impatient(),
        "StartupFailing",
        "ProbeKillsLoader",
        ("liveness probe 3 s after it began", "Remove the probes from podTemplate"),
    ),
    "unschedulable": (
        spec(server=heavy("900Gi")),
        "Unschedulable",
        "NoNodeFits",
        ("no node has 900Gi of memory free (server.resources.requests.memory)", "Insufficient memory"),
    ),
    "evicted": (
        filling(),
        "StartupFailing",
        "Evicted",
        ("ephemeral", "server.resources.limits.ephemeral-storage"),
    ),
}


@pytest.fixture(scope="module")
def place(kubectl: Kubectl, make_namespace: Callable[[], str]) -> str:
    """A namespace with all pools."""
    namespace = make_namespace()
    for name, (made, *_) in POOLS.items():
        PoolHandle(kubectl, namespace, name).apply(made)
    return namespace


def test_settings_that_disagree_are_told_before_they_hurt(place: str, kubectl: Kubectl) -> None:
    pool = PoolHandle(kubectl, place, "impatient")
    pool.wait("SettingsFit", lambda: pool.condition("SettingsFit").get("status") == "False")
    told = pool.condition("SettingsFit")["message"]
    assert "stops a server that loads for 3 s, while startup.timeoutSeconds allows 60" in told


def test_memory_near_its_limit_is_told_before_it_kills(place: str, kubectl: Kubectl) -> None:
    pool = PoolHandle(kubectl, place, "tight")
    pool.apply(tight())
    pool.wait("SettingsFit", lambda: pool.condition("SettingsFit").get("status") == "False")
    told = pool.condition("SettingsFit")["message"]
    print(f"tight: {told}")
    peak, start, wanted = map(int, re.findall(r"([0-9]+)Mi", told)[1:])
    assert told.startswith("server.resources.limits.memory is 768Mi, and pods used up to")
    assert 712 < start <= peak <= 768
    assert peak <= wanted * 3 / 4, "a quarter is free"
    (server,) = pool.get("deployment")["spec"]["template"]["spec"]["containers"]
    assert server["resources"]["limits"]["memory"] == "768Mi", "what is learned changes no pod"
    raised = tight()
    raised["server"]["resources"]["limits"]["memory"] = f"{wanted}Mi"
    pool.apply(raised)
    pool.wait("a limit that fits", lambda: pool.condition("SettingsFit").get("status") == "True")
    kubectl("delete", "wmp", "tight", "-n", place)


@pytest.mark.parametrize("name", POOLS)
def test_a_start_that_fails_is_a_condition_with_what_would_fix_it(
    kubectl: Kubectl, place: str, name: str
) -> None:
    _, kind, reason, told = POOLS[name]
    pool = PoolHandle(kubectl, place, name)
    pool.wait(reason, lambda: pool.condition(kind).get("reason") == reason, seconds=120)
    condition = pool.condition(kind)
    print(f"{name}: {reason}: {condition['message']}")  # what the documentation quotes: pytest -rP shows it
    assert condition["status"] == "True"
    assert [words for words in told if words not in condition["message"]] == [], condition["message"]
    assert pool.condition("Ready")["status"] == "False"
    described = kubectl("describe", "wmp", name, "-n", place)
    assert [words for words in (reason, *told) if words not in described] == []
