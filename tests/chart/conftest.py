"""Renders the chart with the real helm, without a cluster."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster import ClusterError, select_backend
from hack.cluster.kubectl import find_tool

CHART = Path(__file__).parents[2] / "charts/warmpool"
Manifests = list[dict[str, Any]]


@pytest.fixture(scope="session")
def helm() -> str:
    """Path of helm."""
    try:
        return find_tool(select_backend(), "helm")
    except ClusterError as error:
        reason = f"{error}; `python -m hack.cluster up` builds it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def helm_run(helm: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs helm with arguments."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([helm, *arguments], capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.fixture(scope="session")
def render(helm_run: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., Manifests]:
    """Renders the chart: `render(replicas=2, **{"rbac.scope": "namespace"})`."""

    def render(release: str = "r", /, **values: Any) -> Manifests:
        sets = [f"--set-json={key}={json.dumps(value)}" for key, value in values.items()]
        done = helm_run(
            "template", release, str(CHART), "--namespace", "system", "--kube-version=1.34.2", *sets
        )
        assert done.returncode == 0, done.stderr
        return [document for document in yaml.safe_load_all(done.stdout) if document]

    return render
