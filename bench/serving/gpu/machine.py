"""The machine: which cores belong to a server and which to its clients, and what its device is."""

import os
import platform
import subprocess
from typing import Any

CLIENT_CORES = 4


def server_cores(most: int = 0) -> str:
    """Cores of a server, as taskset takes them: all but those of the clients, or the first so many of them."""
    cores = sorted(os.sched_getaffinity(0))[:-CLIENT_CORES]
    return ",".join(map(str, cores[: most or None]))


def client_cores() -> list[int]:
    """Cores of the clients."""
    return sorted(os.sched_getaffinity(0))[-CLIENT_CORES:]


def describe() -> dict[str, Any]:
    """What everything was measured on.

    Raises:
        RuntimeError: there is no device.
    """
    import sentence_transformers  # noqa: PLC0415 - seconds, and only where torch is
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    if not torch.cuda.is_available():
        raise RuntimeError("torch sees no CUDA device")
    driver = subprocess.run(
        ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=True,
    )
    versions = {each.__name__: each.__version__ for each in (torch, transformers, sentence_transformers)}
    return {
        "device": torch.cuda.get_device_name(),
        "memory_mib": torch.cuda.get_device_properties(0).total_memory >> 20,
        "driver": driver.stdout.strip(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "versions": versions,
    }
