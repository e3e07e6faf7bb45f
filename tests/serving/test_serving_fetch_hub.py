"""`warmpool-serve fetch` from a hub: by commit, with a token, by git's checksums."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.fetching import fetch, url
from tests.sources.mirror import COMMIT, REPO, Mirror
from warmpool_serving.models.hub import wanted
from warmpool_serving.models.source import Digest
from warmpool_serving.names import Exit

Serve = Callable[..., Mirror]


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


def test_git_checksums_are_those_of_git(tmp_path: Path) -> None:
    path = tmp_path / "hello"
    path.write_bytes(b"hello\n")
    # `printf 'hello\n' | git hash-object --stdin`
    assert Digest("git", "ce013625030ba8dba906f756967f9e9ca394464a").matches(path)
    assert not Digest("git", "0" * 40).matches(path)
