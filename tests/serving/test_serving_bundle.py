import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from warmpool_serving import engines
from warmpool_serving.models import bundle
from warmpool_serving.models.bundle import FileEntry, Golden, Manifest, ModelError
from warmpool_serving.names import EngineName


def _bundle(folder: Path, **changes: Any) -> Manifest:
    folder.mkdir(exist_ok=True)
    (folder / "weights").write_bytes(b"0123456789")
    entry = FileEntry(size=10, sha256=bundle.file_sha256(folder / "weights"))
    manifest = Manifest(
        name="m", engine="onnx", dims=4, max_tokens=8, pooling="mean", normalized=True, precision="fp32",
        files={"weights": entry},
    )  # fmt: skip
    body = {"format": bundle.FORMAT, **asdict(manifest), **changes}
    (folder / bundle.MANIFEST).write_text(json.dumps(body), encoding="utf-8")
    return manifest


def test_a_manifest_comes_back(tmp_path: Path) -> None:
    manifest = _bundle(tmp_path)
    assert bundle.read_manifest(tmp_path) == manifest


def test_golden_vectors_come_back(tmp_path: Path) -> None:
    golden = [Golden("a text with ü", b"\0\0\x80?"), Golden("b", b"")]
    bundle.write_golden(tmp_path / bundle.GOLDEN, golden)
    assert bundle.read_golden(tmp_path) == golden


def test_a_whole_bundle_passes(tmp_path: Path) -> None:
    manifest = _bundle(tmp_path)
    bundle.check_sizes(tmp_path, manifest)
    bundle.check_hashes(tmp_path, manifest)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    manifest = _bundle(tmp_path)
    (tmp_path / "weights").unlink()
    with pytest.raises(ModelError, match="weights is missing"):
        bundle.check_sizes(tmp_path, manifest)


def test_a_shorter_file_is_told_by_its_size(tmp_path: Path) -> None:
    manifest = _bundle(tmp_path)
    (tmp_path / "weights").write_bytes(b"01234")
    with pytest.raises(ModelError, match="5 bytes instead of 10"):
        bundle.check_sizes(tmp_path, manifest)


def test_a_flipped_bit_is_told_by_the_hash(tmp_path: Path) -> None:
    manifest = _bundle(tmp_path)
    (tmp_path / "weights").write_bytes(b"0123456788")
    bundle.check_sizes(tmp_path, manifest)
    with pytest.raises(ModelError, match="weights is corrupt"):
        bundle.check_hashes(tmp_path, manifest)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not usable"),
        ("[]", "not a JSON object"),
        ('{"format": 99}', "format 99"),
        ('{"format": 1}', "not usable"),
    ],
)
def test_a_damaged_manifest_is_told(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / bundle.MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=says):
        bundle.read_manifest(tmp_path)


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        bundle.read_manifest(tmp_path / "nowhere")


def test_auto_looks_at_the_folder(tmp_path: Path) -> None:
    _bundle(tmp_path)
    assert engines.choose("auto", tmp_path) is EngineName.ONNX
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ModelError, match=r"neither manifest\.json nor config\.json"):
        engines.choose("auto", other)
    (other / "config.json").write_text("{}", encoding="utf-8")
    assert engines.choose("auto", other) is EngineName.SENTENCE_TRANSFORMERS
    assert engines.choose("fake", other) is EngineName.FAKE
