"""`spec.model`: which model a pool serves and where its weights come from."""

from typing import Annotated

from pydantic import ConfigDict, Field

from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching

MOUNT_PATH = "/models"

AbsolutePath = Annotated[
    str, matching(r"^/[^:]*$", "an absolute path starts with '/' and has no ':'", max_length=1024)
]
RelativePath = Annotated[
    str,
    Field(
        pattern=r"^[^/]",
        max_length=1024,
        json_schema_extra=cel_rules(
            cel(
                "!self.startsWith('/') && !self.split('/').exists(part, part == '..')",
                "a folder inside the volume is a relative path such as models/minilm, without '..'",
            )
        ),
    ),
]
ModelName = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$",
        "a model name has letters, digits, '.', '_', '-' and '/', and starts and ends with a letter or digit",
        max_length=253,
    ),
]


class BakedSource(ApiModel):
    """The weights are in the image already."""


class PvcSource(ApiModel):
    """The weights are on a PersistentVolumeClaim, mounted read-only."""

    claim_name: str = Field(min_length=1, max_length=253)
    """Name of a PersistentVolumeClaim in the pool's namespace."""
    sub_path: RelativePath | None = None
    """Folder of the model inside the volume; absent: the root of the volume."""


class ModelSource(ApiModel):
    """Where the weights come from: exactly one of the fields."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "(has(self.baked) ? 1 : 0) + (has(self.pvc) ? 1 : 0) == 1",
                "model.source needs exactly one of: baked, pvc",
            )
        )
    )

    baked: BakedSource | None = None
    """The weights are part of `server.image`: write `baked: {}`."""
    pvc: PvcSource | None = None
    """The weights are on a PersistentVolumeClaim."""


class Model(ApiModel):
    """Which model a pool serves."""

    name: ModelName
    """Name that clients use and that answers carry."""
    source: ModelSource
    """Where the weights come from."""
    path: AbsolutePath | None = None
    """Folder of the model inside the container; absent: `/models` for a mounted source, and what the image
    says of itself for a baked one."""

    def container_path(self) -> str | None:
        """Return the folder that the server is told to load, or None to leave it to the image."""
        if self.path is not None:
            return self.path
        return MOUNT_PATH if self.source.pvc is not None else None
