"""An image that is not on the node: the pull is a phase of the start, as long as it really took."""

import os
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster import Backend, Paths
from hack.cluster.embedded.containers import ContainerStore
from hack.cluster.embedded.layout import Layout
from hack.cluster.images import image_store
from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import PoolHandle, spec
from tests.e2e.support.registry import registry

pytestmark = pytest.mark.usefixtures("operator")
NEW_BYTES = 10_000_000
BYTES_PER_SECOND = 5_000_000
DOCKERFILE = "FROM warmpool/serving:dev\nCOPY new /new\n"


@pytest.fixture
def image(cluster: Backend, operator: object, tmp_path: Path) -> Iterator[str]:
    """The server's image with one layer that the node lacks, in a registry that has no more than that."""
    if cluster.name != "embedded":
        pytest.skip("the registry is on this host's loopback, which is the embedded node's alone")
    del operator
    context, layout = tmp_path / "context", tmp_path / "layout"
    context.mkdir()
    (context / "new").write_bytes(os.urandom(NEW_BYTES))
    (context / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    tag = "warmpool/pulled:e2e"
    paths = Paths.from_environment()
    store = image_store(paths)
    store.build(context, tag=tag, dockerfile=context / "Dockerfile", arguments={})
    present = ContainerStore(Layout(paths.cluster).socket).blobs()
    with store.archive(tag, present=present) as archive, tarfile.open(archive) as packed:
        packed.extractall(layout, filter="data")
    with registry(layout, bytes_per_second=BYTES_PER_SECOND) as address:
        yield f"{address}/warmpool/pulled:{secrets.token_hex(4)}"


def test_the_pull_of_an_image_is_a_phase_of_the_start(kubectl: Kubectl, namespace: str, image: str) -> None:
    pool = PoolHandle(kubectl, namespace, "pulled")
    pool.apply(spec(server={"image": image}))
    pool.wait_ready(seconds=120)
    (start,) = pool.wait("the start", lambda: pool.status().get("startup", {}).get("last"))
    print(f"pulled {NEW_BYTES} bytes: {start}")
    pulled = start["phasesMs"]["image_pull"]
    assert NEW_BYTES / BYTES_PER_SECOND * 1000 <= pulled < sum(start["phasesMs"].values())
