"""Servers on a device and on cores: ours and those of others, with the same models."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.serving.gpu import machine
from bench.serving.gpu.clients import Clients, Load
from bench.serving.process import Server
from bench.serving.systems import PEERS, System, ours
from warmpool_serving.names import Precision

CELLS = [Load(length, clients) for length in ("short", "medium", "long") for clients in (1, 8, 64, 256)]
BULK = Load("medium", 8, texts=32)
"""What fills an index: 32 texts in a request."""
_ON_DEVICE = {"DEVICE": "cuda"}
_ON_CPU = {"CUDA_VISIBLE_DEVICES": ""}
_WITH_CUDNN = """
import sys
import torch
from warmpool_serving.cli import main

torch.backends.cuda.enable_cudnn_sdp = lambda _: None
sys.exit(main(sys.argv[1:]))
"""


def ours_on_device(name: str, model: Path, precision: Precision, **env: str) -> System:
    """Return our server with torch on the device."""
    found = ours(name, model)
    many = {"WARMPOOL_CONTAINER_CONCURRENCY": "256", "WARMPOOL_PRECISION": str(precision)}
    return _with(found, {**many, **env})


def ours_on_cores(name: str, model: Path) -> System:
    """Return our server with the engine that belongs to a folder, on cores."""
    return _with(ours(name, model), {**_ON_CPU, "WARMPOOL_CONTAINER_CONCURRENCY": "64"})


def peers(model: Path, *, device: bool) -> list[System]:
    """Return the servers of others."""
    env = _ON_DEVICE if device else _ON_CPU

    def program(file: str) -> Any:
        return lambda port, _: [sys.executable, str(PEERS / file), str(model), str(port)]

    def mosec(port: int, _: int) -> list[str]:
        serve = [sys.executable, str(PEERS / "mosec_server.py"), "--address", "127.0.0.1"]
        return [*serve, "--port", str(port), "--timeout", "120000"]

    return [
        System(name="naive", command=program("naive.py"), env=env),
        System(name="litserve", command=program("lit.py"), env=env),
        System(name="mosec", command=mosec, env={**env, "MODEL": str(model)}, path="/inference"),
    ]


def with_cudnn_attention(system: System) -> System:
    """Return one of ours without what keeps cuDNN's attention off, which torch would choose for float16."""

    def command(port: int, admin: int) -> list[str]:
        return [sys.executable, "-c", _WITH_CUDNN, f"--port={port}", f"--admin-port={admin}"]

    return replace(system, name=f"{system.name}-cudnn", command=command)


def measure(system: System, clients: Clients, loads: list[Load], *, cores: str = "") -> dict[str, Any]:
    """Start a server and let it be asked; return seconds to the first answer, and every cell, or why it failed."""
    try:
        return _measured(system, clients, loads, cores)
    except RuntimeError as error:
        return {"system": system.name, "failed": str(error)}


def _measured(system: System, clients: Clients, loads: list[Load], cores: str) -> dict[str, Any]:
    with Server(system, cores=cores or machine.server_cores()) as server:
        ready = server.until_answering()
        cells = {
            load.cell: clients.measure(server.url, load, system.payload, seed=number)
            for number, load in enumerate(loads)
        }
        return {"system": system.name, "ready_s": ready, "pss_mib": server.pss_mib(), "cells": cells}


def _with(system: System, env: dict[str, str]) -> System:
    return replace(system, env={**system.env, **env})
