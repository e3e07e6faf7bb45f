"""Fixtures of the suite that runs on a real Kubernetes, whichever kind it is.

The cluster is the one that `python -m hack.cluster` chooses and is left running, so the next run starts at
once; WARMPOOL_E2E_DOWN=1 removes it at the end. WARMPOOL_E2E_INSTALLED=1 says that an earlier part of the same run
has installed the operator of this checkout.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from hack.cluster import Backend, Paths, select_backend
from hack.cluster.backend import IngressAddress
from hack.cluster.images import image_store
from hack.cluster.kubectl import Kubectl, find_tool
from tests.e2e.support.once import Once
from tests.e2e.support.operator import OperatorHandle
from warmpool_operator.runtime.connect import connect
from warmpool_operator.runtime.kube_aio import AioKubeClient
from warmpool_serving.models import minilm

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.e2e)
            if item.get_closest_marker("timeout") is None:
                # The limit is for the test: building a cluster for the first time takes a quarter of an hour.
                item.add_marker(pytest.mark.timeout(300, func_only=True))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Backend]:
    """The cluster, up."""
    backend = select_backend()
    backend.up()
    yield backend
    if os.environ.get("WARMPOOL_E2E_DOWN") == "1":
        backend.down()


@pytest.fixture(scope="session")
def kubectl(cluster: Backend) -> Kubectl:
    """kubectl on this cluster and no other."""
    return Kubectl(cluster)


@pytest.fixture
async def kube(cluster: Backend) -> AsyncIterator[AioKubeClient]:
    """The operator's own API client on this cluster."""
    async with await connect(kubeconfig=str(cluster.kubeconfig)) as client:
        yield client


@pytest.fixture(scope="session")
def warmpool(cluster: Backend) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line on this cluster: `warmpool("status", "-n", name)`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = str(Path(sys.executable).with_name("warmpool"))
        environment = os.environ | {"KUBECONFIG": str(cluster.kubeconfig), "COLUMNS": "200"}
        return subprocess.run(
            [program, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return run


@pytest.fixture(scope="session")
def helm(cluster: Backend) -> str:
    """Path of helm."""
    return find_tool(cluster, "helm")


@pytest.fixture(scope="session")
def build_image(cluster: Backend) -> Callable[..., str]:
    """Build an image and load it into the cluster: `build_image(folder, "name:tag")` returns the name."""

    def build(
        context: Path,
        tag: str,
        *,
        dockerfile: Path | None = None,
        arguments: Mapping[str, str] | None = None,
    ) -> str:
        store = image_store(Paths.from_environment())
        store.build(context, tag=tag, dockerfile=dockerfile, arguments=arguments or {})
        cluster.load([tag])
        return tag

    return build


@pytest.fixture(scope="session")
def ingress(cluster: Backend) -> IngressAddress:
    """A real ingress-nginx on this cluster."""
    return cluster.ingress()


@pytest.fixture(scope="session")
def make_namespace(kubectl: Kubectl) -> Iterator[Callable[[], str]]:
    """Makes namespaces that enforce the restricted Pod Security standard, and deletes them at the end."""
    names: list[str] = []

    def make() -> str:
        name = f"e2e-{secrets.token_hex(3)}"
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        names.append(name)
        return name

    yield make
    if names:
        kubectl("delete", "namespace", "--ignore-not-found", "--wait=false", *names)


@pytest.fixture
def namespace(make_namespace: Callable[[], str], kubectl: Kubectl) -> Iterator[str]:
    """A namespace for one test."""
    name = make_namespace()
    yield name
    kubectl("delete", "namespace", "--ignore-not-found", "--wait=false", name)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Once:
    """Does things once for all workers of a run."""
    own = tmp_path_factory.getbasetemp()
    # Under xdist each worker has a folder of its own inside that of the run.
    return Once(own.parent if hasattr(request.config, "workerinput") else own)


@pytest.fixture(scope="session")
def operator(
    cluster: Backend, kubectl: Kubectl, helm: str, build_image: Callable[..., str], once: Once
) -> OperatorHandle:
    """The operator and the server of this checkout: built, loaded, installed by the chart."""
    handle = OperatorHandle(cluster, kubectl, helm)

    def install() -> None:
        assert minilm.main(["--out", str(ROOT / "build/bundles/minilm")]) == 0
        build_image(ROOT, "warmpool/operator:dev", dockerfile=ROOT / "Dockerfile.operator")
        build_image(ROOT, "warmpool/serving:dev", dockerfile=ROOT / "Dockerfile.serving")
        handle.install()

    if os.environ.get("WARMPOOL_E2E_INSTALLED") != "1":
        once.do("install the operator", install)
    return handle
