"""Build images from ordinary Dockerfiles and hand them to clusters.

With Docker where its daemon answers, else with buildah, which needs no daemon.
"""

from collections.abc import Mapping, Set
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from hack.cluster.buildah import BuildahStore
from hack.cluster.docker import DockerStore, docker_answers
from hack.cluster.paths import Paths


class ImageStore(Protocol):
    """Images on this machine."""

    def build(
        self, context: Path, *, tag: str, dockerfile: Path | None = None, arguments: Mapping[str, str]
    ) -> str:
        """Build an image.

        Args:
            context: Folder that the Dockerfile copies from.
            tag: Name of the image, for instance `app:dev`.
            dockerfile: Defaults to the Dockerfile in the context.
            arguments: Build arguments.

        Returns:
            The image's id.

        Raises:
            ClusterError: The build failed; carries the end of its output.
        """
        ...

    def image_id(self, image: str) -> str:
        """Digest of the image's configuration.

        Raises:
            ClusterError: No such image here.
        """
        ...

    def full_name(self, image: str) -> str:
        """The name under which a pod that asks for `image` finds it."""
        ...

    def archive(self, image: str, *, present: Set[str]) -> AbstractContextManager[Path]:
        """A file for `ctr images import`, removed afterwards; blobs in `present` may be left out of it."""
        ...


def image_store(paths: Paths) -> ImageStore:
    """The store that this machine offers."""
    if docker_answers():
        return DockerStore()
    return BuildahStore(paths)
