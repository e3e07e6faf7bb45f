"""A bundle in an object store: S3, Google Cloud Storage, Azure, or any web server that answers ranges.

Stores differ in how, and whether, they list; so nothing is listed, and ``manifest.json`` says what there is.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import HTTPStore, from_url

from warmpool_serving.models.bundle import FORMAT, MANIFEST
from warmpool_serving.models.source import Digest, FetchError, RemoteFile, safe_name

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_ENDPOINT_OPTION: Final = {"s3": "endpoint", "az": "endpoint", "gs": "base_url"}
_METADATA_SERVICE: Final = "169.254.169.254"
"""Where clouds hand out credentials to machines: what obstore tries when it is given none."""
_RETRY: "Final[RetryConfig]" = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}


def open_store(uri: str, *, endpoint: str = "", headers: Mapping[str, str] | None = None) -> "ObjectStore":
    """The store behind a URI; credentials come from the environment variables that each cloud's tools read.

    Args:
        uri: ``s3://bucket/folder``, ``gs://…``, ``az://container/folder``, ``https://host/folder``.
        endpoint: URL of a store that speaks the same protocol; empty: the cloud's own.
        headers: sent with every request.

    Raises:
        FetchError: the URI or what is in the environment cannot be used.
    """
    scheme = urlsplit(uri).scheme
    options: dict[str, Any] = {}
    if endpoint:
        if scheme not in _ENDPOINT_OPTION:
            raise FetchError(f"an endpoint has no meaning for {scheme}://: the URI names the host itself")
        options[_ENDPOINT_OPTION[scheme]] = endpoint
    # A part of 8 MiB may take five minutes: 0.2 Mbit/s.
    client: ClientConfig = {"allow_http": True, "connect_timeout": "10s", "timeout": "300s"}
    if headers:
        client["default_headers"] = dict(headers)
    try:
        if scheme in {"http", "https"}:
            # from_url takes some hosts for a cloud's store, and asks for keys that a public URL does not need.
            return HTTPStore.from_url(uri, client_options=client, retry_config=_RETRY)
        return from_url(uri, client_options=client, retry_config=_RETRY, **options)
    except (BaseError, ValueError) as error:
        raise FetchError(f"{uri} cannot be used: {_first_line(error)}") from None


def read_range(store: "ObjectStore", label: str, name: str, start: int, length: int) -> memoryview:
    """Bytes of one object.

    Raises:
        FetchError: said in words, without what the request carried.
    """
    try:
        return memoryview(obstore.get_range(store, name, start=start, length=length))
    except FileNotFoundError:
        raise FetchError(f"{label}/{name} is not there") from None
    except BaseError as error:
        raise FetchError(_explain(error, f"{label}/{name}")) from None


@dataclass(frozen=True, slots=True)
class BundleSource:
    """A bundle below ``label``; ``manifest_sha256`` pins its manifest, and by it every file."""

    store: "ObjectStore"
    label: str
    manifest_sha256: str = ""

    def files(self) -> Sequence[RemoteFile]:
        """The manifest itself, then what it lists."""
        content = self._manifest()
        found = hashlib.sha256(content).hexdigest()
        if self.manifest_sha256 and found != self.manifest_sha256:
            raise FetchError(
                f"{self.label}/{MANIFEST} has the sha256 {found}, not the {self.manifest_sha256} that is asked for"
            )
        return [RemoteFile(MANIFEST, len(content), Digest("sha256", found)), *listed(content, self.label)]

    def read(self, name: str, start: int, length: int) -> memoryview:
        """See `Source`."""
        return read_range(self.store, self.label, name, start, length)

    def _manifest(self) -> bytes:
        try:
            return bytes(obstore.get(self.store, MANIFEST).bytes())
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise FetchError(f"{self.label}: there is no such bucket") from None
            raise FetchError(
                f"{self.label} has no {MANIFEST}; upload a folder that `warmpool-serve export` made"
            ) from None
        except BaseError as error:
            raise FetchError(_explain(error, f"{self.label}/{MANIFEST}")) from None


def listed(manifest: bytes, label: str) -> list[RemoteFile]:
    """The files that a manifest lists.

    Raises:
        FetchError: it is not a manifest.
    """
    try:
        body = json.loads(manifest)
        if body["format"] != FORMAT:
            raise FetchError(
                f"{label}/{MANIFEST}: format {body['format']!r} is not {FORMAT}; export it again"
            )
        return [
            RemoteFile(safe_name(name), int(entry["size"]), Digest("sha256", entry["sha256"].lower()))
            for name, entry in body["files"].items()
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FetchError(f"{label}/{MANIFEST} is not the manifest of a bundle: {error}") from None


def _explain(error: BaseError, what: str) -> str:
    text = str(error)
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return f"access to {what} is denied; check the Secret's keys and what they may read"
    if _METADATA_SERVICE in text:
        return f"{what} needs credentials: name a Secret in model.source.objectStore.credentialsSecretRef"
    if "416 Range Not Satisfiable" in text:
        return f"{what} is corrupt: it is shorter than its manifest says"
    if "kind: Connect" in text:
        return f"{what} cannot be read: its server cannot be reached"
    return f"{what} cannot be read: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    line = str(error).partition("\n")[0]
    # "Generic S3 error: Error performing GET https://… in 12ms, after 4 retries, … - what happened"
    return line.rpartition(" - ")[2].removeprefix("Generic ")[:300]
