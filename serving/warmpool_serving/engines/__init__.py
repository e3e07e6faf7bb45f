"""What computes embeddings: one file per engine behind the protocol in `base`."""

from collections.abc import Callable
from pathlib import Path

from warmpool_serving.config import Settings
from warmpool_serving.engines.base import Engine, ModelError
from warmpool_serving.models.bundle import MANIFEST, read_manifest, unreadable
from warmpool_serving.names import EngineName, Precision


def choose(engine: str, folder: Path) -> EngineName:
    """The engine to use; ``auto`` looks at what the folder holds.

    Raises:
        ModelError: the folder holds nothing that can be served.
    """
    if engine != EngineName.AUTO:
        return EngineName(engine)
    if (folder / MANIFEST).is_file():
        return EngineName(read_manifest(folder).engine)
    if (folder / "config.json").is_file():
        return EngineName.SENTENCE_TRANSFORMERS
    if not folder.is_dir():
        raise ModelError(f"no model: the folder {folder} does not exist")
    raise ModelError(f"no model: {folder} has neither {MANIFEST} nor config.json")


def build(settings: Settings, cores: int) -> Engine:
    """Builds the engine without importing anything heavy.

    Raises:
        ModelError: there is no model, or its manifest cannot be used.
    """
    if settings.engine == EngineName.FAKE:
        from warmpool_serving.engines.fake import FakeEngine  # noqa: PLC0415 - one engine per process

        return FakeEngine(settings)
    if not settings.model_path:
        raise ModelError("no model: WARMPOOL_MODEL_PATH is not set")
    folder = Path(settings.model_path)
    try:
        return _build_from(folder, settings, cores)
    except OSError as error:
        raise unreadable(Path(error.filename or folder), error) from None


def _build_from(folder: Path, settings: Settings, cores: int) -> Engine:
    if choose(settings.engine, folder) is EngineName.ONNX:
        from warmpool_serving.engines.onnx import OnnxEngine  # noqa: PLC0415

        return OnnxEngine(folder, read_manifest(folder), workers=cores)
    from warmpool_serving.engines.sentence_transformers import SentenceTransformersEngine  # noqa: PLC0415

    return SentenceTransformersEngine(folder, workers=cores, precision=Precision(settings.precision))


def file_check(engine: Engine, settings: Settings) -> Callable[[], None]:
    """Begins to check the bundle's files; the result waits for it and raises what it found."""
    from warmpool_serving.warmup import FileCheck  # noqa: PLC0415 - warmup imports the protocol from here

    if engine.name is EngineName.FAKE or not engine.manifest.files:
        return lambda: None
    return FileCheck(engine, Path(settings.model_path), hashes=settings.verify == "full").join
