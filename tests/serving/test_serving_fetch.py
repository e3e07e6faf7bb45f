"""`warmpool-serve fetch` against a real web server: parallel, resumed, verified, refused in words."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sources.bundles import WEIGHTS, write_bundle
from tests.sources.mirror import COMMIT, REPO, Mirror
from warmpool_serving.models.download import PART_BYTES, download
from warmpool_serving.models.hub import wanted
from warmpool_serving.models.object_store import BundleSource, open_store
from warmpool_serving.models.source import Digest, FetchError, safe_name
from warmpool_serving.names import Exit

ROOT = Path(__file__).resolve().parents[2]
SIZE = 5 * PART_BYTES // 2
Serve = Callable[..., Mirror]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("bundle"), size=SIZE)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts mirrors, and ends them after the test."""
    running: list[Mirror] = []

    def start(root: Path, **options: object) -> Mirror:
        mirror = Mirror(root, host="127.0.0.1", **options)  # type: ignore[arg-type]
        threading.Thread(target=mirror.serve_forever, daemon=True).start()
        running.append(mirror)
        return mirror

    yield start
    for mirror in running:
        mirror.released.set()
        mirror.shutdown()
        mirror.server_close()


def url(mirror: Mirror, path: str = "/plain") -> str:
    return f"http://127.0.0.1:{mirror.server_address[1]}{path}"


def command(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    env = os.environ | {"PYTHONPATH": str(ROOT / "serving")} | variables
    argv = [sys.executable, "-m", "warmpool_serving", "fetch", *arguments]
    return subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True)


def fetch(*arguments: str, **variables: str) -> tuple[int, str]:
    """Runs the command to its end; returns the exit code and the last message."""
    process = command(*arguments, **variables)
    _, log = process.communicate(timeout=60)
    return process.returncode, json.loads(log.splitlines()[-1])["message"]


def same(left: Path, right: Path) -> bool:
    def contents(root: Path) -> dict[str, bytes]:
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    return contents(left) == contents(right)


def source(mirror: Mirror) -> BundleSource:
    return BundleSource(open_store(url(mirror)), url(mirror))


def test_a_bundle_comes_whole_and_a_second_fetch_asks_nothing(
    serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    mirror = serve(bundle)
    out = tmp_path / "model"
    assert fetch(url(mirror), "--out", str(out)) == (Exit.OK, "fetched")
    assert same(bundle, out)
    left = {path.name: path.is_file() and path.stat().st_size for path in tmp_path.iterdir()}
    assert left == {"model": False, ".model.lock": 0}, "nothing else is left behind"
    asked = len(mirror.authorizations)
    assert fetch(url(mirror), "--out", str(out)) == (Exit.OK, "the model is there already")
    assert len(mirror.authorizations) == asked


def test_a_killed_fetch_goes_on_where_it_stopped(serve: Serve, tmp_path: Path) -> None:
    big = write_bundle(tmp_path / "big", size=11 * PART_BYTES + 5)
    size = (big / WEIGHTS).stat().st_size
    mirror = serve(big, hold_after=9 * PART_BYTES)
    out = tmp_path / "out" / "model"
    out.parent.mkdir()
    process = command(url(mirror), "--out", str(out))
    assert mirror.held.wait(30)
    journal = max((out.parent / ".model.parts").glob("*.journal"), key=lambda path: path.stat().st_size)
    process.kill()
    process.communicate()
    assert not out.exists(), "what is not whole is not there"
    kept = journal.read_bytes().count(1) * PART_BYTES
    assert kept >= PART_BYTES
    before = mirror.sent
    mirror.released.set()
    assert fetch(url(mirror), "--out", str(out)) == (Exit.OK, "fetched")
    assert same(big, out)
    assert mirror.sent - before < size - kept + PART_BYTES, "parts that were there are not fetched again"


def test_two_at_once_on_a_shared_volume_fetch_once(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    mirror, out = serve(bundle, hold_after=PART_BYTES), tmp_path / "model"
    first = command(url(mirror), "--out", str(out))
    assert mirror.held.wait(30)
    second = command(url(mirror), "--out", str(out))
    mirror.released.set()
    for process in (first, second):
        process.communicate(timeout=60)
        assert process.returncode == Exit.OK
    assert same(bundle, out)
    assert mirror.sent < SIZE + 20_000, "the second one found it there"


def test_an_empty_folder_is_no_model(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    """As the kubelet makes one for a pod that came before the model."""
    out = tmp_path / "model"
    out.mkdir()
    assert fetch(url(serve(bundle)), "--out", str(out)) == (Exit.OK, "fetched")
    assert same(bundle, out)


def test_sigterm_ends_it_at_once(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    mirror = serve(bundle, hold_after=PART_BYTES)
    process = command(url(mirror), "--out", str(tmp_path / "model"))
    assert mirror.held.wait(30)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM


def test_a_corrupt_object_is_named_and_fetched_anew_by_the_next_try(
    serve: Serve, bundle: Path, tmp_path: Path
) -> None:
    broken = write_bundle(tmp_path / "broken", size=SIZE)
    content = bytearray((broken / WEIGHTS).read_bytes())
    content[PART_BYTES] ^= 1
    (broken / WEIGHTS).write_bytes(content)
    mirror, out = serve(broken), tmp_path / "model"
    code, message = fetch(url(mirror), "--out", str(out))
    assert (code, out.exists()) == (Exit.FETCH, False)
    assert message.startswith(f"{WEIGHTS}: corrupt")
    (broken / WEIGHTS).write_bytes((bundle / WEIGHTS).read_bytes())
    before = mirror.sent
    assert fetch(url(mirror), "--out", str(out))[0] == Exit.OK
    assert same(bundle, out)
    assert mirror.sent - before < (bundle / WEIGHTS).stat().st_size + 2000, "only the corrupt file again"


def test_an_object_that_is_too_short_is_named(serve: Serve, bundle: Path, tmp_path: Path) -> None:
    short = write_bundle(tmp_path / "short", size=SIZE)
    with (short / WEIGHTS).open("r+b") as stream:
        stream.truncate(2 * PART_BYTES + 5)
    code, message = fetch(url(serve(short)), "--out", str(tmp_path / "model"))
    assert code == Exit.FETCH
    assert message.startswith(f"{WEIGHTS} is corrupt: it ends after {2 * PART_BYTES + 5} bytes")


def test_another_version_of_the_model_is_not_mixed_into_what_was_left(serve: Serve, tmp_path: Path) -> None:
    changing = write_bundle(tmp_path / "changing", size=SIZE)
    mirror, out = serve(changing, hold_after=2 * PART_BYTES), tmp_path / "model"
    process = command(url(mirror), "--out", str(out))
    assert mirror.held.wait(30)
    process.kill()
    process.communicate()
    write_bundle(changing, size=PART_BYTES + 5)
    mirror.released.set()
    assert fetch(url(mirror), "--out", str(out))[0] == Exit.OK
    assert same(changing, out)


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


def test_a_hub_repository_comes_by_its_commit_with_a_token_that_stays_at_the_hub(
    serve: Serve, tmp_path: Path
) -> None:
    repo = tmp_path / "repo"
    (repo / "1_Pooling").mkdir(parents=True)
    (repo / "onnx").mkdir()
    for name in ("model.safetensors", "pytorch_model.bin", "onnx/model.onnx"):
        (repo / name).write_bytes(random.Random(name).randbytes(2 << 20))
    for name in ("config.json", "1_Pooling/config.json", "README.md"):
        (repo / name).write_text("{}")
    mirror, out = serve(repo, token="hf_secret"), tmp_path / "model"
    arguments = (f"hf://{REPO}@{COMMIT}", "--out", str(out), "--endpoint", url(mirror, ""))
    assert fetch(*arguments, HF_TOKEN="hf_secret", HF_HUB_OFFLINE="1") == (Exit.OK, "fetched")
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert names == ["1_Pooling/config.json", "config.json", "model.safetensors"]
    assert (out / "model.safetensors").read_bytes() == (repo / "model.safetensors").read_bytes()
    hub = [value for route, value in mirror.authorizations if not route.startswith("/cdn/")]
    assert set(hub) == {"Bearer hf_secret"}


@pytest.mark.parametrize(
    ("uri", "token", "says"),
    [
        (f"hf://{REPO}@{'f' * 40}", "t", f"{REPO} has no commit {'f' * 40}"),
        (f"hf://somebody/else@{COMMIT}", "t", "has no repository somebody/else, or the token may not see it"),
        (f"hf://{REPO}@{COMMIT}", "wrong", f"has no repository {REPO}, or the token may not see it"),
    ],
)
def test_a_hub_that_refuses_is_a_sentence(
    serve: Serve, bundle: Path, tmp_path: Path, uri: str, token: str, says: str
) -> None:
    mirror = serve(bundle, token="t")
    code, message = fetch(uri, "--out", str(tmp_path / "m"), "--endpoint", url(mirror, ""), HF_TOKEN=token)
    assert code == Exit.FETCH
    assert says in message


def test_a_hub_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    arguments = ("--out", str(tmp_path / "m"), "--endpoint", "http://127.0.0.1:1")
    code, message = fetch(f"hf://{REPO}@{COMMIT}", *arguments)
    assert code == Exit.FETCH
    assert message.startswith("http://127.0.0.1:1 cannot be reached")


def test_weights_of_other_frameworks_stay_unless_there_are_no_others() -> None:
    names = {"model.safetensors", "pytorch_model.bin", "openvino/model.xml", "config.json", ".gitattributes"}
    assert {name for name in names if wanted(name, names)} == {"model.safetensors", "config.json"}
    assert wanted("pytorch_model.bin", {"pytorch_model.bin"})


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a/../../up", "a\\b", "a\0"])
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(FetchError, match="not a path below its folder"):
        safe_name(name)


def test_git_checksums_are_those_of_git(tmp_path: Path) -> None:
    path = tmp_path / "hello"
    path.write_bytes(b"hello\n")
    # `printf 'hello\n' | git hash-object --stdin`
    assert Digest("git", "ce013625030ba8dba906f756967f9e9ca394464a").matches(path)
    assert not Digest("git", "0" * 40).matches(path)
