"""`spec.startup.warmup`: what a pod must have answered before it is warm."""

from typing import Annotated

from pydantic import Field

from warmpool_operator.api.base import ApiModel, matching
from warmpool_operator.api.protocol import HttpPath
from warmpool_operator.api.source import ImageName

MAX_BODY_LENGTH = 16_384
"""Characters; the kernel takes up to 128 KiB for one argument of a program."""

ContentType = Annotated[
    str,
    matching(
        r"^[a-z0-9.+-]+/[a-z0-9.+-]+(; ?[a-z0-9-]+=[A-Za-z0-9._-]+)*$",
        "a content type is such as application/json or text/plain; charset=utf-8",
        max_length=128,
    ),
]


class HttpRequest(ApiModel):
    """A request that a server of another make must have answered after each start, before its pod is warm."""

    image: ImageName
    """An image with `warmpool-serve`, for the sidecar."""
    path: HttpPath
    """Where to, on `server.port`."""
    body: str | None = Field(default=None, min_length=1, max_length=MAX_BODY_LENGTH)
    """What to send, by POST; absent: the request is a GET."""
    content_type: ContentType = "application/json"
    """What the body is."""


class Warmup(ApiModel):
    """What a pod computes before it calls itself ready."""

    requests: int = Field(default=3, ge=1, le=100)
    """Warm-up requests, beside the golden vectors that prove the answers right. For a server of another make:
    how many answers of 200 to 299 to `http` it takes."""
    http: HttpRequest | None = None
    """What a sidecar sends to a server of another make once that is healthy. Until it was answered, the pod is in
    no Service and its load does not count. Absent: such a server is warm once it is healthy. This project's own
    knows what to compute."""
