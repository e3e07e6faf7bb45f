"""Images in a Docker daemon."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hack.cluster.backend import ClusterError
from hack.cluster.commands import run, show
from hack.cluster.names import full_name


@cache
def docker_answers() -> bool:
    """Whether there is a Docker client and a daemon behind it."""
    if shutil.which("docker") is None:
        return False
    try:
        return run(["docker", "info", "--format", "{{.ID}}"], check=False, timeout=20).returncode == 0
    except ClusterError:
        return False


class DockerStore:
    """Builds with the daemon, exports with `docker save`."""

    def build(
        self, context: Path, *, tag: str, dockerfile: Path | None = None, arguments: Mapping[str, str]
    ) -> str:
        """Build an image."""
        argv = ["docker", "build", "--tag", tag, "--file", str(dockerfile or context / "Dockerfile")]
        for name, value in arguments.items():
            argv += ["--build-arg", f"{name}={value}"]
        show([*argv, context], env={"DOCKER_BUILDKIT": "1"})
        return self.image_id(tag)

    def image_id(self, image: str) -> str:
        """Digest of the image's configuration."""
        done = run(["docker", "image", "inspect", "--format", "{{.Id}}", image], check=False)
        if done.returncode != 0:
            raise ClusterError(f"no image {image} in Docker; build it first")
        return done.stdout.strip()

    def full_name(self, image: str) -> str:
        """The name under which a pod that asks for `image` finds it."""
        return full_name(image)

    @contextmanager
    def archive(self, image: str, *, present: Set[str]) -> Iterator[Path]:
        """The whole image; Docker cannot leave layers out."""
        del present
        with tempfile.TemporaryDirectory(prefix="warmpool-image-") as folder:
            file = Path(folder) / "image.tar"
            run(["docker", "save", "--output", file, image])
            yield file
