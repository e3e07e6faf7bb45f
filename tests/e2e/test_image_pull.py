"""An image that is not on the node: the pull is a phase of the start, as long as it really took."""

import os
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster import Backend, Paths
from hack.cluster.images import image_store
from hack.cluster.kubectl import Kubectl
from tests.e2e.support.pools import PoolHandle, spec
from tests.e2e.support.registry import registry

pytestmark = pytest.mark.usefixtures("operator")
NEW_BYTES = 30_000_000
BYTES_PER_SECOND = 10_000_000
DOCKERFILE = "FROM warmpool/serving:dev\nCOPY new /new\n"


@pytest.fixture
def image(cluster: Backend, operator: object, tmp_path: Path) -> Iterator[str]:
    """The server's image with a layer that no node has, in a registry."""
    if cluster.name != "embedded":
        pytest.skip("the registry is on this host's loopback, which is the embedded node's alone")
    del operator
    context, layout = tmp_path / "context", tmp_path / "layout"
    context.mkdir()
    (context / "new").write_bytes(os.urandom(NEW_BYTES))
    (context / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    tag = f"warmpool/pulled:{secrets.token_hex(4)}"
    store = image_store(Paths.from_environment())
    store.build(context, tag=tag, dockerfile=context / "Dockerfile", arguments={})
    with store.archive(tag, present=frozenset()) as archive, tarfile.open(archive) as packed:
        packed.extractall(layout, filter="data")
    with registry(layout, bytes_per_second=BYTES_PER_SECOND) as address:
        yield f"{address}/{tag}"


def test_the_pull_of_an_image_is_a_phase_of_the_start(kubectl: Kubectl, namespace: str, image: str) -> None:
    pool = PoolHandle(kubectl, namespace, "pulled")
    pool.apply(spec(server={"image": image}))
    pool.wait_ready(seconds=120)
    (start,) = pool.wait("the start", lambda: pool.status().get("startup", {}).get("last"))
    print(f"pulled {NEW_BYTES} bytes: {start}")
    pulled = start["phasesMs"]["image_pull"]
    assert NEW_BYTES / BYTES_PER_SECOND * 1000 <= pulled < sum(start["phasesMs"].values())
