"""Base images from Debian's packages, for machines that reach no container registry.

The image gets the very name that a Dockerfile asks for, so the Dockerfile stays an ordinary one. It is a
stand-in: the same Debian release and the same minor version of Python, not the same bytes.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.backend import ClusterError
from hack.cluster.commands import run
from hack.cluster.console import step


@dataclass(frozen=True)
class Recipe:
    """How to make a base image.

    Attributes:
        suite: Debian release.
        packages: Packages besides the minimal system.
        python: Whether `python` and `pip` must work as in the official Python images.
    """

    suite: str
    packages: tuple[str, ...]
    python: bool


_RECIPES = (
    (
        re.compile(r"(?:docker\.io/(?:library/)?)?python:3\.11(?:\.\d+)?-slim(?:-bookworm)?"),
        Recipe(suite="bookworm", packages=("ca-certificates", "python3", "python3-venv"), python=True),
    ),
    (
        re.compile(r"(?:docker\.io/(?:library/)?)?debian:(?:bookworm|12)(?:-slim)?"),
        Recipe(suite="bookworm", packages=("ca-certificates",), python=False),
    ),
)

# What is dead weight in a container; apt itself stays, Dockerfiles use it.
_TRIM = ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


def recipe_for(image: str) -> Recipe | None:
    """The recipe for this name, or None when it must come from a registry."""
    for pattern, recipe in _RECIPES:
        if pattern.fullmatch(image):
            return recipe
    return None


def ensure_base_image(image: str, *, tag: str, buildah: Sequence[str]) -> None:
    """Make a base image with debootstrap, about 80 s, and keep it in buildah's storage.

    Args:
        image: Name that a Dockerfile uses.
        tag: Full name to store it under.
        buildah: The command and its global options.

    Raises:
        ClusterError: No recipe for this image, or Debian's packages cannot be had.
    """
    recipe = recipe_for(image)
    if recipe is None:
        raise ClusterError(f"no recipe for {image}")
    with step(f"making {image} from Debian packages"), tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        debootstrap = ["debootstrap", "--variant=minbase", f"--include={','.join(recipe.packages)}"]
        run([*debootstrap, recipe.suite, root], timeout=1800)
        if recipe.python:
            _finish_python(root)
        for folder in _TRIM:
            shutil.rmtree(root / folder, ignore_errors=True)
            (root / folder).mkdir(parents=True)
        _commit(root, tag, buildah)


def _finish_python(root: Path) -> None:
    """Give the system's Python the names and the freedom that it has in the official images."""
    for marker in (root / "usr/lib").glob("python3.*/EXTERNALLY-MANAGED"):
        marker.unlink()
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    wheels = "/usr/share/python-wheels"
    names = sorted(path.name for path in (root / wheels.lstrip("/")).glob("pip-*.whl"))
    if not names:
        raise ClusterError("the Python packages of this Debian release bring no pip")
    install = ["install", "--no-index", "--no-cache-dir", "--root-user-action=ignore", "--find-links", wheels]
    pip = f"{wheels}/{names[-1]}/pip"
    environment = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "HOME=/root"]
    run(["chroot", root, *environment, "python3", pip, *install, "pip", "setuptools"])


def _commit(root: Path, tag: str, buildah: Sequence[str]) -> None:
    container = run([*buildah, "from", "scratch"]).stdout.strip()
    try:
        run([*buildah, "add", container, root, "/"])
        settings = [
            "--cmd",
            "/bin/sh",
            "--env",
            "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        run([*buildah, "config", *settings, "--env", "LANG=C.UTF-8", container])
        run([*buildah, "commit", container, tag])
    finally:
        run([*buildah, "rm", container], check=False)
