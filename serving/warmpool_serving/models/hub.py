"""A repository of the Hugging Face hub, or of a mirror that speaks its API, at one commit.

The hub's library asks what the repository holds; the bytes come over the same ranges as from any object store,
because the library begins a file anew after it was killed.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from warmpool_serving.models.bundle import GOLDEN, MANIFEST
from warmpool_serving.models.object_store import listed, open_store, read_range
from warmpool_serving.models.source import Digest, FetchError, RemoteFile, safe_name

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling
    from obstore.store import ObjectStore

ENDPOINT: Final = "https://huggingface.co"
_TIMEOUT_SECONDS: Final = 30
_OTHER_FRAMEWORKS: Final = (".bin", ".gguf", ".h5", ".msgpack", ".onnx", ".ot", ".pt", ".pth")
_OTHER_FOLDERS: Final = ("onnx/", "openvino/")


@dataclass(frozen=True, slots=True)
class HubSource:
    """``repo`` at the commit ``revision``."""

    repo: str
    revision: str
    endpoint: str
    token: str
    store: "ObjectStore"

    def files(self) -> Sequence[RemoteFile]:
        """What the repository's manifest lists, where it holds a bundle; else what one framework needs."""
        found = {file.name: file for file in map(self._remote, self._siblings())}
        if (manifest := found.get(MANIFEST)) is not None and GOLDEN in found:
            content = bytes(self.read(MANIFEST, 0, manifest.size))
            return [manifest, *listed(content, self._label)]
        return [file for name, file in found.items() if wanted(name, found.keys())]

    def read(self, name: str, start: int, length: int) -> memoryview:
        """See `Source`."""
        return read_range(self.store, self._label, name, start, length)

    @property
    def _label(self) -> str:
        return f"hf://{self.repo}@{self.revision[:12]}"

    def _siblings(self) -> "Sequence[RepoSibling]":
        from huggingface_hub import HfApi  # noqa: PLC0415 - half a second, and only for hub models
        from huggingface_hub.errors import (  # noqa: PLC0415
            GatedRepoError,
            HfHubHTTPError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )

        api = HfApi(endpoint=self.endpoint, token=self.token or False)
        try:
            info = api.model_info(
                self.repo, revision=self.revision, files_metadata=True, timeout=_TIMEOUT_SECONDS
            )
        except GatedRepoError:
            raise FetchError(
                f"{self.repo} is gated: its owner must grant access to the token's account"
            ) from None
        except RepositoryNotFoundError:
            raise FetchError(
                f"{self.endpoint} has no repository {self.repo}, or the token may not see it"
            ) from None
        except RevisionNotFoundError:
            raise FetchError(f"{self.repo} has no commit {self.revision}") from None
        except HfHubHTTPError as error:
            raise FetchError(
                f"{self.endpoint} answers {error.response.status_code} for {self.repo}"
            ) from None
        except Exception as error:  # whatever its HTTP library calls a connection that fails
            raise FetchError(f"{self.endpoint} cannot be reached: {error}") from None
        return info.siblings or []

    def _remote(self, sibling: "RepoSibling") -> RemoteFile:
        name = safe_name(sibling.rfilename)
        if sibling.lfs is not None:
            return RemoteFile(name, sibling.lfs.size, Digest("sha256", sibling.lfs.sha256))
        if sibling.size is None or not sibling.blob_id:
            raise FetchError(f"{self.endpoint} tells no size or no checksum of {name}")
        return RemoteFile(name, sibling.size, Digest("git", sibling.blob_id))


def open_hub(repo: str, revision: str, *, endpoint: str, token: str) -> HubSource:
    """The repository, nothing asked yet.

    Raises:
        FetchError: the endpoint cannot be used.
    """
    # The image keeps its programs offline, and this one is there to go online. Read when the library is imported.
    os.environ["HF_HUB_OFFLINE"] = "0"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    base = (endpoint or ENDPOINT).rstrip("/")
    # Dropped on the way to another host, which is where large files are: the redirect is signed.
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    store = open_store(f"{base}/{repo}/resolve/{revision}", headers=headers)
    return HubSource(repo, revision, base, token, store)


def wanted(name: str, names: Collection[str]) -> bool:
    """Whether a file is fetched: the same weights for other frameworks are not, where there are safetensors."""
    if name == ".gitattributes" or name.endswith(".md"):
        return False
    if not any(other.endswith(".safetensors") for other in names):
        return True
    return not (name.endswith(_OTHER_FRAMEWORKS) or name.startswith(_OTHER_FOLDERS))
