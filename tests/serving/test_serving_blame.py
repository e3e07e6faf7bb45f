"""Which reason a failed start gives, and what it says before it is killed."""

import json
from pathlib import Path

import pytest

from warmpool_serving import engines
from warmpool_serving.config import Settings
from warmpool_serving.engines.base import ModelError
from warmpool_serving.engines.fake import FakeEngine
from warmpool_serving.models.bundle import read_manifest, unreadable
from warmpool_serving.phases import ColdStart
from warmpool_serving.state import Lifecycle
from warmpool_serving.warmup import bring_up


def damaged() -> None:
    raise ModelError("weights.bin is corrupt")


@pytest.mark.parametrize("settings", [Settings(fake_wrong=True), Settings(fake_fail="no"), Settings()])
def test_a_damaged_file_is_blamed_before_what_follows_from_it(settings: Settings) -> None:
    with pytest.raises(ModelError, match=r"weights\.bin is corrupt"):
        bring_up(
            FakeEngine(settings),
            settings,
            lifecycle=Lifecycle(),
            cold=ColdStart(already=0.0),
            check=damaged,
        )


def test_the_weights_of_a_pretended_model_take_memory_and_are_told() -> None:
    engine = engines.build(Settings(engine="fake", fake_weights_mib=3), cores=1)
    assert sum(file.size for file in engine.manifest.files.values()) == 3 << 20
    engines.file_check(engine, Settings())()
    engine.load()
    assert len(engine._weights) == 3 << 20


def test_a_file_that_may_not_be_read_comes_with_the_user(tmp_path: Path) -> None:
    told = str(unreadable(tmp_path, PermissionError(13, "Permission denied")))
    assert told.startswith(f"{tmp_path} cannot be read: Permission denied; the server runs as user ")
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(
        ModelError, match=r"manifest\.json cannot be read: Is a directory; the server runs as"
    ):
        read_manifest(tmp_path)


def test_a_manifest_that_is_no_json_is_not_called_unreadable(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps([])[:-1])
    with pytest.raises(ModelError, match=r"manifest\.json is not usable"):
        read_manifest(tmp_path)
