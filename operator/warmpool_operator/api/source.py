"""`spec.model.source`: where the weights come from.

Three kinds are there before a pod starts (`baked`, `pvc`, `image`); two are fetched by an init container into the
pod's own disk (`huggingFace`, `objectStore`) and verified there.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from warmpool_operator.api.base import ApiModel, cel, cel_rules, matching

MAX_URL_LENGTH = 1024

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
ObjectName = Annotated[
    str,
    matching(
        r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        "the name of a Kubernetes object has lower-case letters, digits, '-' and '.'",
        max_length=253,
    ),
]
ImageName = Annotated[
    str,
    matching(
        r"^\S+$",
        "an image is one word such as registry.example.org/server:1.2, not empty, no spaces",
        max_length=512,
    ),
]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]
Endpoint = Annotated[
    str,
    matching(
        r"^https?://[^/?#@\s]+(/[^?#\s]*)?$",
        "an endpoint is a URL such as https://s3.example.org, without a user, a password or a query",
        max_length=MAX_URL_LENGTH,
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


class ImageSource(ApiModel):
    """The weights are an OCI image of their own, mounted read-only.

    Needs image volumes: Kubernetes 1.35, or 1.33 with the feature gate ImageVolume; containerd 2.1 or CRI-O 1.31.
    """

    reference: ImageName
    """The image, best by its digest."""
    pull_policy: PullPolicy = "IfNotPresent"
    """When the kubelet pulls it."""


class SecretKeyRef(ApiModel):
    """One entry of a Secret in the pool's namespace."""

    name: ObjectName
    """Name of the Secret."""
    key: str = Field(default="token", min_length=1, max_length=253)
    """Entry of the Secret."""


class SecretRef(ApiModel):
    """A Secret in the pool's namespace."""

    name: ObjectName
    """Name of the Secret."""


class HuggingFaceSource(ApiModel):
    """A repository of the Hugging Face hub at one commit.

    One that holds a bundle (`warmpool-serve export`) is served by the engine that the bundle names; one in the
    layout of sentence-transformers needs that engine.
    """

    repo: Annotated[
        str,
        matching(
            r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+$",
            "a repository is owner/name, such as sentence-transformers/all-MiniLM-L6-v2",
            max_length=200,
        ),
    ]
    """Repository, as `owner/name`."""
    revision: Annotated[
        str,
        matching(
            r"^[0-9a-f]{40}$",
            "a revision is a full commit of 40 hexadecimal digits: branches and tags move, and the pods of one"
            " pool would serve different weights",
            max_length=40,
        ),
    ]
    """Commit, 40 hexadecimal digits: what `git ls-remote` or the page of a commit shows."""
    token_secret_ref: SecretKeyRef | None = None
    """A token that may read the repository; only the init container gets it."""
    endpoint: Endpoint | None = None
    """A mirror that speaks the hub's API; absent: https://huggingface.co."""


class ObjectStoreSource(ApiModel):
    """A folder with a bundle (`warmpool-serve export`) in S3, Google Cloud Storage, Azure, or on a web server."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "!has(self.endpoint) || !self.uri.startsWith('http')",
                "objectStore.endpoint has no meaning for http:// and https://: the uri names the host itself",
                field_path=".endpoint",
            )
        )
    )

    uri: Annotated[
        str,
        matching(
            r"^(s3|gs|az|https?)://[^/?#@\s]+(/[^?#\s]*)?$",
            "a uri is s3://bucket/folder, gs://bucket/folder, az://container/folder or https://host/folder,"
            " without a user, a password or a query",
            max_length=MAX_URL_LENGTH,
        ),
    ]
    """Folder that holds `manifest.json`."""
    endpoint: Endpoint | None = None
    """URL of a store that speaks the protocol; absent: the cloud's own."""
    credentials_secret_ref: SecretRef | None = None
    """Its entries become environment variables of the init container: `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `GOOGLE_SERVICE_ACCOUNT_KEY`, `AZURE_STORAGE_ACCOUNT_NAME`,
    `AZURE_STORAGE_ACCOUNT_KEY` and what else each cloud's tools read. Absent: the pod's own identity."""
    manifest_sha256: (
        Annotated[
            str,
            matching(
                r"^[0-9a-f]{64}$", "a sha256 has 64 hexadecimal digits, as sha256sum prints", max_length=64
            ),
        ]
        | None
    ) = None
    """Refuses a manifest with another checksum, and with it every other model than the one that was reviewed."""


class ModelSource(ApiModel):
    """Where the weights come from: exactly one of the fields."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "[has(self.baked), has(self.huggingFace), has(self.image), has(self.objectStore),"
                " has(self.pvc)].filter(given, given).size() == 1",
                "model.source needs exactly one of: baked, huggingFace, image, objectStore, pvc",
            )
        )
    )

    baked: BakedSource | None = None
    """The weights are part of `server.image`: write `baked: {}`."""
    hugging_face: HuggingFaceSource | None = None
    """The weights are fetched from the Hugging Face hub or a mirror of it."""
    image: ImageSource | None = None
    """The weights are an OCI image of their own."""
    object_store: ObjectStoreSource | None = None
    """The weights are fetched from an object store."""
    pvc: PvcSource | None = None
    """The weights are on a PersistentVolumeClaim."""

    @property
    def fetched(self) -> bool:
        """Whether an init container brings the weights."""
        return self.hugging_face is not None or self.object_store is not None
