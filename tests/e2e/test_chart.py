"""The chart on a real API server: accepted, and its key outlives upgrades."""

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.cluster import Backend
from hack.cluster.kubectl import Kubectl

CHART = Path(__file__).parents[2] / "charts/warmpool"
Install = Callable[..., None]


@pytest.fixture
def release() -> str:
    """A name that no other release has: cluster-wide objects carry it."""
    return f"e2e-{secrets.token_hex(3)}"


@pytest.fixture
def install(cluster: Backend, helm: str, kubectl: Kubectl, release: str, namespace: str) -> Iterator[Install]:
    """Installs or upgrades the release without replicas and without the definition, which others may own."""

    def run(*arguments: str) -> None:
        argv = [helm, "--kubeconfig", str(cluster.kubeconfig), "--namespace", namespace, *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr

    def install(*values: str) -> None:
        fixed = ["--set=replicas=0", "--set=crds.install=false"]
        run("upgrade", "--install", release, str(CHART), *fixed, *(f"--set={value}" for value in values))

    yield install
    run("uninstall", release)
    kinds = "clusterroles,clusterrolebindings,roles,rolebindings,secrets,serviceaccounts,services,leases"
    kinds += ",deployments"
    left = kubectl("get", kinds, "-A", "-l", f"app.kubernetes.io/instance={release}", "-o", "name")
    assert left == "", "uninstalling leaves nothing"


def test_every_object_is_accepted(cluster: Backend, helm: str, kubectl: Kubectl, namespace: str) -> None:
    argv = [helm, "template", "dry", str(CHART), "--namespace", namespace, "--set=networkPolicy.enabled=true"]
    rendered = subprocess.run([*argv, "--set=replicas=2"], capture_output=True, text=True, check=True).stdout
    answer = kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", stdin=rendered
    )
    assert answer.count("(server dry run)") == rendered.count("\nkind: ")


def test_key_outlives_upgrades(install: Install, kubectl: Kubectl, release: str, namespace: str) -> None:
    def key() -> str:
        data: dict[str, Any] = kubectl.get("secret", f"{release}-warmpool-token-key", "-n", namespace)["data"]
        return str(data["key"])

    install()
    first = key()
    install("log.level=debug")
    assert key() == first


def test_operator_may_act_on_pools_and_read_no_secret(
    install: Install, kubectl: Kubectl, release: str, namespace: str
) -> None:
    install("rbac.scope=namespace")
    me = f"system:serviceaccount:{namespace}:{release}-warmpool"

    def may(verb: str, resource: str, where: str) -> bool:
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": me,
                "resourceAttributes": {"namespace": where, "verb": verb} | _attributes(resource),
            },
        }
        answer = json.loads(kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(review)))
        return bool(answer["status"]["allowed"])

    assert may("patch", "deployments.apps/scale", namespace)
    assert may("patch", "warmmodelpools.warmpool.dev/status", namespace)
    assert not may("patch", "warmmodelpools.warmpool.dev", namespace), "a spec belongs to people"
    assert not may("get", "secrets", namespace)
    assert not may("get", "pods", "kube-system"), "other namespaces are none of its business"


def _attributes(resource: str) -> dict[str, str]:
    """Group, resource and subresource of `resource.group/subresource`."""
    named, _, subresource = resource.partition("/")
    name, _, group = named.partition(".")
    return {"group": group, "resource": name, "subresource": subresource}
