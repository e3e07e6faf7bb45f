"""Real server processes, mirrors and batchers for the tests: started with free ports, ended with the test."""

import base64
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hack.cluster.lock import exclusive
from tests.serving.fetching import SIZE
from tests.serving.gated import Bench
from tests.serving.server_process import ServerProcess, wait_until
from tests.sources.bundles import write_bundle
from tests.sources.mirror import Mirror
from warmpool_serving.models import minilm


@pytest.fixture
def start() -> Iterator[Callable[..., ServerProcess]]:
    """Starts server processes and ends them after the test."""
    running: list[ServerProcess] = []

    def starter(python: Path = Path(sys.executable), **settings: object) -> ServerProcess:
        running.append(ServerProcess(python, **settings))
        return running[-1]

    yield starter
    for process in running:
        process.close()


@pytest.fixture(scope="module")
def module_start() -> Iterator[Callable[..., ServerProcess]]:
    """Starts server processes that serve the tests of a module."""
    running: list[ServerProcess] = []

    def starter(python: Path = Path(sys.executable), **settings: object) -> ServerProcess:
        running.append(ServerProcess(python, **settings))
        return running[-1]

    yield starter
    for process in running:
        process.close()


@pytest.fixture
def fake(start: Callable[..., ServerProcess]) -> Callable[..., ServerProcess]:
    """Starts a server with the fake engine."""
    return lambda **settings: start(engine="fake", **settings)


def exported(precision: str) -> Path:
    """The bundle of a precision; one of several test workers exports it."""
    with exclusive(minilm.cache_root() / "export.lock", what="export"):
        return minilm.ensure(precision)


@pytest.fixture(scope="session")
def minilm_bundle() -> Path:
    """The real MiniLM bundle: from the cache, or exported once (minutes, and several gigabytes of packages)."""
    return exported("fp32")


@pytest.fixture(scope="session")
def minilm_int8_bundle() -> Path:
    """The same model in int8."""
    return exported("int8")


@pytest.fixture(scope="session")
def torch_python(minilm_bundle: Path) -> Path:
    """The interpreter with torch that exported the bundle.

    A machine that was given the bundle alone has none, and 6 GB are not fetched for two tests: they are
    skipped there. In CI they always run, or fail, since nothing else notices that this engine broke.
    """
    python = minilm.export_python()
    if not python.exists():
        reason = f"the bundle is cached but {python}, which exports it, is gone; remove {minilm_bundle}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return python


@pytest.fixture(scope="session")
def minilm_server(minilm_bundle: Path) -> Iterator[ServerProcess]:
    """A server of the real model, shared by the session."""
    server = ServerProcess(model_path=minilm_bundle, latency_target_ms=60_000)
    yield server.until_ready()
    server.close()


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits for a condition, and fails the test when it never comes."""
    return wait_until


@pytest.fixture
def decode() -> Callable[[str], list[float]]:
    """Numbers of a vector that was sent as base64."""

    def numbers(text: str) -> list[float]:
        raw = base64.b64decode(text)
        return list(struct.unpack(f"<{len(raw) // 4}f", raw))

    return numbers


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for mirrors to serve."""
    return write_bundle(tmp_path_factory.mktemp("bundle"), size=SIZE)


@pytest.fixture
def serve() -> Iterator[Callable[..., Mirror]]:
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


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    """Makes batchers over gated engines, and stops them after the test."""
    made: list[Bench] = []

    def make(**options: object) -> Bench:
        made.append(Bench(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for item in made:
        item.engine.permits.release(1000)
        item.batcher.stop(5)
