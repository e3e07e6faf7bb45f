"""`spec.model`: which model a pool serves."""

from typing import Annotated

from pydantic import ConfigDict

from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching
from warmpool_operator.api.quantity import Quantity
from warmpool_operator.api.source import ImageName, ModelSource

MOUNT_PATH = "/models"
"""Where a volume with a model is mounted."""
FETCHED_PATH = f"{MOUNT_PATH}/model"
"""Where a fetched model lies: a folder below the mount, so that it can appear with one rename."""

AbsolutePath = Annotated[
    str, matching(r"^/[^:]*$", "an absolute path starts with '/' and has no ':'", max_length=1024)
]
ModelName = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$",
        "a model name has letters, digits, '.', '_', '-' and '/', and starts and ends with a letter or digit",
        max_length=253,
    ),
]


class Fetch(ApiModel):
    """How the init container of a fetched source runs. It has the resources of the server."""

    image: ImageName | None = None
    """An image with `warmpool-serve`; absent: `server.image`, which is one unless it is somebody else's server."""
    size_limit: Quantity | None = None
    """What the pod's disk gives to the model; a larger model is refused before it is fetched. Absent: as much as
    the node has."""


class Model(ApiModel):
    """Which model a pool serves."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "!has(self.path) || !(has(self.source.huggingFace) || has(self.source.objectStore))",
                f"model.path is for models that are there already: a fetched one lies in {FETCHED_PATH}",
                field_path=".path",
            ),
            cel(
                "!has(self.fetch) || has(self.source.huggingFace) || has(self.source.objectStore)",
                "model.fetch is for the sources huggingFace and objectStore: nothing is fetched here",
                field_path=".fetch",
            ),
        )
    )

    name: ModelName
    """Name that clients use and that answers carry."""
    source: ModelSource
    """Where the weights come from."""
    fetch: Fetch | None = None
    """How a fetched model comes; absent: by the server's own image."""
    path: AbsolutePath | None = None
    """Folder of the model inside the container; absent: `/models` for a mounted source, and what the image
    says of itself for a baked one."""

    def container_path(self) -> str | None:
        """Return the folder that the server is told to load, or None to leave it to the image."""
        if self.source.fetched:
            return FETCHED_PATH
        if self.path is not None:
            return self.path
        return None if self.source.baked is not None else MOUNT_PATH
