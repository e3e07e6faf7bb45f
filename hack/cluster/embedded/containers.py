"""What the container runtime holds: images, and a way to add them without a registry."""

import json
from pathlib import Path

from hack.cluster.commands import run


class ContainerStore:
    """The images that the kubelet sees, through containerd's `ctr`."""

    def __init__(self, socket: Path) -> None:
        """Speak to containerd at this socket."""
        self._ctr = ["ctr", "--address", str(socket), "--namespace", "k8s.io"]

    def is_ready(self) -> bool:
        """Whether containerd answers."""
        return run([*self._ctr, "version"], check=False, timeout=10).returncode == 0

    def image_id(self, name: str) -> str | None:
        """Digest of an image's configuration, which is what people call its id; None when it is absent.

        Args:
            name: Full name, for instance `docker.io/library/app:1`.
        """
        listed = run([*self._ctr, "images", "list", f"name=={name}"]).stdout.splitlines()[1:]
        if not listed:
            return None
        digest = listed[0].split()[2]
        content = run([*self._ctr, "content", "get", digest], check=False)
        if content.returncode != 0:
            return None
        config = json.loads(content.stdout).get("config", {})
        return str(config["digest"]) if "digest" in config else None

    def blobs(self) -> set[str]:
        """Digests of all content that is already there."""
        return set(run([*self._ctr, "content", "list", "--quiet"]).stdout.split())

    def import_archive(self, archive: Path) -> None:
        """Add the images of an archive and unpack them."""
        run([*self._ctr, "images", "import", archive], timeout=600)
