"""The images that are measured: three of the project, and a first Dockerfile beside them."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from warmpool_serving.models import minilm

ROOT: Final = Path(__file__).parents[2]
PUBLISHED: Final = "build/bundles/minilm-published"


@dataclass(frozen=True)
class Variant:
    """One image.

    Attributes:
        name: of its figures.
        tag: of the image.
        arguments: of the build.
        path: of the readiness probe.
        port: of the readiness probe.
    """

    name: str
    tag: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    path: str = "/health/ready"
    port: int = 8081

    def prepare(self) -> tuple[Path, Path]:
        """Return the build's context and Dockerfile, with the model in place."""
        if self.name == "torch":
            _published(ROOT / PUBLISHED)
        if self.name != "naive":
            return ROOT, ROOT / "Dockerfile.serving"
        context = ROOT / "build" / "naive"
        shutil.copytree(Path(__file__).parent / "naive", context, dirs_exist_ok=True)
        _published(context / "model")
        return context, context / "Dockerfile"

    def pod(self) -> dict[str, Any]:
        """Return a pod that serves, told ready by the image's own endpoint."""
        probe = {"httpGet": {"path": self.path, "port": self.port}, "periodSeconds": 1}
        container = {
            "name": "server",
            "image": self.tag,
            "imagePullPolicy": "IfNotPresent",
            "readinessProbe": probe | {"failureThreshold": 600},
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        }
        spec = {"containers": [container], "terminationGracePeriodSeconds": 0, "enableServiceLinks": False}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": self.name}, "spec": spec}


def _published(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        shutil.copytree(minilm.published(), folder, dirs_exist_ok=True)


VARIANTS: Final = (
    Variant("fake", "warmpool/serving:fake", {"FLAVOR": "fake"}),
    Variant("onnx", "warmpool/serving:onnx"),
    Variant(
        "torch", "warmpool/serving:torch", {"EXTRAS": "--extra serving --extra torch", "BUNDLE": PUBLISHED}
    ),
    Variant("naive", "warmpool/naive:bench", path="/health", port=8080),
)
