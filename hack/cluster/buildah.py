"""Images without a daemon: buildah, and base images that are made where no registry can be reached.

Invariant: buildah's storage lies in the cache, apart from the user's own images.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

from hack.cluster import oci
from hack.cluster.backend import ClusterError
from hack.cluster.baseimage import ensure_base_image, recipe_for
from hack.cluster.commands import run, show
from hack.cluster.console import say, step
from hack.cluster.dockerfile import base_images
from hack.cluster.embedded.packages import BUILD_PACKAGES, ensure_packages
from hack.cluster.hosttrust import build_mounts
from hack.cluster.lock import exclusive, exclusive_if_free
from hack.cluster.mounts import mounts_below, unmount_below
from hack.cluster.names import full_name
from hack.cluster.paths import Paths

# What a day of rebuilding leaves is a few gigabytes.
_LAYER_SECONDS = 24 * 3600.0
_LAYERS_KEPT = 30
# buildah runs each RUN step from a sealed copy of itself, and the kernel refuses to seal while the copy is still
# being written back: seen once in some hundred builds on a machine with both cores busy.
_BUSY_MEMFD = "sealing memfd copy: Device or resource busy"
_BUD_TRIES = 3


class BuildahStore:
    """Builds in a chroot as root: no daemon, no container runtime, no registry."""

    def __init__(self, paths: Paths) -> None:
        """Keep images in the cache."""
        self._root = paths.cache / "buildah"
        self._layout = paths.cache / "oci"
        self._lock = paths.cache / "images.lock"

    def build(
        self, context: Path, *, tag: str, dockerfile: Path | None = None, arguments: Mapping[str, str]
    ) -> str:
        """Build an image; base images that a registry would give are made first."""
        file = dockerfile or context / "Dockerfile"
        if not file.is_file() or not context.is_dir():
            raise ClusterError(f"no Dockerfile at {file}, or no folder {context}")
        with exclusive(self._lock, what="image command"):
            ensure_packages(BUILD_PACKAGES)
            self._remove_interrupted()
            self._prune_layers()
            self._build(context, tag, file, arguments)
        return self.image_id(tag)

    def _build(self, context: Path, tag: str, file: Path, arguments: Mapping[str, str]) -> None:
        for image in base_images(file.read_text(), arguments):
            if recipe_for(image) and not self._exists(full_name(image)):
                ensure_base_image(image, tag=full_name(image), buildah=self._buildah())
        argv = [*self._buildah(), "bud", "--layers", "--isolation", "chroot", "--network", "host"]
        argv += ["--pull-never"] if self._bases_exist(file, arguments) else []
        argv += ["--tag", full_name(tag), "--file", str(file)]
        for name, value in arguments.items():
            argv += ["--build-arg", f"{name}={value}"]
        for mount in build_mounts(self._temporary()):
            argv += ["--volume", mount]
        with step(f"building {tag}"):
            self._bud([*argv, context])

    def _bud(self, argv: Sequence[str | Path]) -> None:
        for attempt in range(_BUD_TRIES):
            try:
                show(argv, env={"TMPDIR": str(self._temporary())})
            except ClusterError as error:
                if _BUSY_MEMFD not in str(error) or attempt == _BUD_TRIES - 1:
                    raise
                say(
                    "buildah could not seal its copy of itself, which a second try can; what is built is kept"
                )
            else:
                return

    def image_id(self, image: str) -> str:
        """Digest of the image's configuration."""
        argv = [*self._buildah(), "inspect", "--type", "image", "--format", "{{.FromImageID}}"]
        done = run([*argv, full_name(image)], check=False)
        if done.returncode != 0:
            raise ClusterError(f"no image {image} here; build it first")
        return f"sha256:{done.stdout.strip().removeprefix('sha256:')}"

    def full_name(self, image: str) -> str:
        """The name under which a pod that asks for `image` finds it."""
        return full_name(image)

    @contextmanager
    def archive(self, image: str, *, present: Set[str]) -> Iterator[Path]:
        """An OCI archive with the layers that the receiver lacks."""
        name = full_name(image)
        ensure_packages(BUILD_PACKAGES)
        self._layout.mkdir(parents=True, exist_ok=True)
        with (
            exclusive(self._lock, what="image command"),
            tempfile.TemporaryDirectory(dir=self._temporary()) as folder,
        ):
            source = f"containers-storage:[overlay@{self._root}/storage+{self._root}/run]{name}"
            # Uncompressed, a layer is recognized by its digest and not written again: 50 ms instead of 5 s for
            # a new image on a known base. buildah's own push always compresses.
            run(
                [
                    "skopeo",
                    "copy",
                    "-q",
                    "--dest-oci-accept-uncompressed-layers",
                    source,
                    f"oci:{self._layout}:{oci.reference(name)}",
                ]
            )
            oci.prune(self._layout)
            file = Path(folder) / "image.tar"
            oci.write_archive(self._layout, file, name=name, present=present)
            yield file

    def release(self) -> list[Path]:
        """Unmount what buildah keeps mounted; nothing happens while an image is built.

        Returns:
            Mount points that are still there.
        """
        with exclusive_if_free(self._lock) as idle:
            if not idle:
                return []
            if mounts_below(self._root):
                self._remove_interrupted()
                unmount_below(self._root)
            return mounts_below(self._root)

    def _prune_layers(self) -> None:
        """Remove cached steps of builds that are a day old, but for the newest."""
        listed = run([*self._buildah(), "images", "--json", "--filter", "dangling=true"]).stdout
        entries = json.loads(listed or "[]") or []
        created = {str(entry["id"]): float(entry["created"]) for entry in entries}
        newest_first = sorted(created, key=lambda identifier: created[identifier], reverse=True)
        oldest = time.time() - _LAYER_SECONDS
        stale = [name for name in newest_first[_LAYERS_KEPT:] if created[name] < oldest]
        if stale:
            # An image that is still in use is refused, which is fine.
            run([*self._buildah(), "rmi", *stale], check=False)

    def _remove_interrupted(self) -> None:
        # A build that was killed leaves its container, mounted; the layers that it finished stay of use.
        run([*self._buildah(), "rm", "--all"], check=False)

    def _buildah(self) -> Sequence[str]:
        return ["buildah", "--root", str(self._root / "storage"), "--runroot", str(self._root / "run")]

    def _temporary(self) -> Path:
        folder = self._root / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _exists(self, name: str) -> bool:
        return run([*self._buildah(), "inspect", "--type", "image", name], check=False).returncode == 0

    def _bases_exist(self, file: Path, arguments: Mapping[str, str]) -> bool:
        return all(self._exists(full_name(image)) for image in base_images(file.read_text(), arguments))
