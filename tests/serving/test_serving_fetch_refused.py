"""`warmpool-serve fetch` refuses in words: what is too large, what is not what was pinned, what is no model."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.fetching import command, fetch, url
from tests.sources.mirror import REPO, Mirror
from warmpool_serving.models.download import download
from warmpool_serving.models.object_store import BundleSource, open_store
from warmpool_serving.models.source import FetchError, safe_name
from warmpool_serving.names import Exit

Serve = Callable[..., Mirror]


def source(mirror: Mirror) -> BundleSource:
    return BundleSource(open_store(url(mirror)), url(mirror))


def test_a_volume_that_is_too_small_is_refused_before_a_byte_of_weights(
    serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    mirror = serve(bundle)
    with pytest.raises(FetchError, match=r"21\.0 MB are to be fetched and .* has 1\.0 MB left; nothing was"):
        download(source(mirror), tmp_path / "model", free=lambda _: 1_000_000)
    assert mirror.sent < 10_000


def test_a_size_limit_is_refused_with_the_number_that_would_do(
    serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    code, message = fetch(url(serve(bundle)), "--out", str(tmp_path / "model"), "--size-limit", "10Mi")
    assert code == Exit.FETCH
    assert message == "the model has 21.0 MB and model.fetch.sizeLimit allows 10.5 MB; raise it"


@pytest.mark.parametrize("size", ["10X", "-1", "1ki", ""])
def test_a_size_that_is_none_is_refused(size: str, tmp_path: Path) -> None:
    process = command("https://127.0.0.1/m", "--out", str(tmp_path / "m"), f"--size-limit={size}")
    _, log = process.communicate(timeout=30)
    assert process.returncode == Exit.USAGE
    assert f"{size!r} is no size such as 500Mi or 20Gi" in log


def test_a_manifest_can_be_pinned(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    right = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    mirror = serve(bundle)
    code, message = fetch(url(mirror), "--out", str(tmp_path / "a"), "--manifest-sha256", "0" * 64)
    assert code == Exit.FETCH
    assert right in message
    assert fetch(url(mirror), "--out", str(tmp_path / "b"), "--manifest-sha256", right)[0] == Exit.OK


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("ftp://host/model", "ftp://host/model is no source"),
        ("https://user:password@host/model", "is no source"),
        ("https://host/model?sig=secret", "is no source"),
        (f"hf://{REPO}@main", "is no source"),
        ("http://127.0.0.1:1/model", "manifest.json cannot be read: its server cannot be reached"),
    ],
)
def test_what_cannot_be_fetched_is_a_sentence(uri: str, says: str, tmp_path: Path) -> None:
    code, message = fetch(uri, "--out", str(tmp_path / "model"))
    assert code == Exit.FETCH
    assert says in message
    assert "Traceback" not in message


def test_a_folder_without_a_manifest_says_what_to_upload(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    code, message = fetch(url(serve(bundle), "/plain/nested"), "--out", str(tmp_path / "model"))
    assert code == Exit.FETCH
    assert "has no manifest.json; upload a folder that `warmpool-serve export` made" in message


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a/../../up", "a\\b", "a\0"])
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(FetchError, match="not a path below its folder"):
        safe_name(name)
