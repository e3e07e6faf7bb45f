"""Build a Go module's binaries once, into a cache folder that its key names.

Invariant: the folder appears with a single rename when everything in it works, so an interrupted build leaves
nothing that looks finished. Go's own build cache keeps what was compiled until then.
"""

import os
import shutil
import stat
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from hack.cluster.backend import ClusterError
from hack.cluster.commands import run
from hack.cluster.console import say, seconds
from hack.cluster.embedded.modules import GoModule, Program

_PROGRESS_SECONDS = 10.0
# Tens of minutes on a small machine; this only ends a build that hangs.
_BUILD_TIMEOUT_SECONDS = 5400.0


def folder_of(module: GoModule, cache: Path) -> Path:
    """Where the binaries of this module lie, built or not."""
    return cache / "bin" / f"{module.name}-{module.key()}"


def is_built(module: GoModule, cache: Path) -> bool:
    """Whether the binaries are there."""
    return folder_of(module, cache).is_dir()


def ensure_built(module: GoModule, cache: Path) -> Path:
    """Build what is missing, with progress.

    Returns:
        The folder with the binaries.

    Raises:
        ClusterError: No Go toolchain, or the build failed; carries the end of the compiler's output.
    """
    target = folder_of(module, cache)
    if target.is_dir():
        return target
    if shutil.which("go") is None:
        raise ClusterError(f"building {module.name} needs Go 1.26 or newer: https://go.dev/dl")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=target.parent) as temporary:
        folder = Path(temporary) / "bin"
        folder.mkdir()
        for name, program in module.programs.items():
            _build(module, name, program, folder / name)
            for link in program.links:
                (folder / link).symlink_to(name)
        for provider, data in module.data:
            _copy_data(module, provider, data, folder)
        try:
            folder.rename(target)
        except OSError:
            # Another build of the same key was faster; its result is the same.
            if not target.is_dir():
                raise
    return target


def _build(module: GoModule, name: str, program: Program, output: Path) -> None:
    env = {**os.environ, "CGO_ENABLED": "0"} if module.static else dict(os.environ)
    total = _count_packages(module, program, env)
    argv = ["go", "build", "-v", "-trimpath", "-buildvcs=false"]
    argv += ["-ldflags", program.ldflags, "-o", str(output), program.package]
    begin = time.monotonic()
    say(f"building {name}: {total} packages, minutes when nothing is cached")
    with subprocess.Popen(
        argv, cwd=module.directory, env=env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        tail = _watch(process, name, total, begin)
    if process.returncode != 0:
        raise ClusterError(f"building {name} failed:\n" + "\n".join(tail))
    size = output.stat().st_size / 1e6
    say(f"built {name} in {seconds(time.monotonic() - begin)}, {size:.0f} MB")


def _copy_data(module: GoModule, provider: str, data: str, folder: Path) -> None:
    """Copy a folder of a module that is downloaded by now; Go keeps its modules read-only, the copy is not."""
    listed = run(["go", "-C", module.directory, "list", "-m", "-f", "{{.Dir}}", provider])
    target = folder / Path(data).name
    shutil.copytree(Path(listed.stdout.strip()) / data, target)
    for path in [target, *target.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def _count_packages(module: GoModule, program: Program, env: dict[str, str]) -> int:
    say(f"resolving the Go modules of {module.name} (downloads them the first time)")
    listed = run(["go", "-C", module.directory, "list", "-deps", program.package], env=env, timeout=1800)
    return len(listed.stdout.splitlines())


def _watch(process: "subprocess.Popen[str]", name: str, total: int, begin: float) -> Sequence[str]:
    """Print how far a build is until it ends; returns its last lines."""
    tail: deque[str] = deque(maxlen=30)
    compiled = 0

    def read() -> None:
        nonlocal compiled
        for line in process.stderr or ():
            tail.append(line.rstrip())
            compiled += 1

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while process.poll() is None:
        reader.join(_PROGRESS_SECONDS)
        if not reader.is_alive():
            process.wait()
            break
        elapsed = time.monotonic() - begin
        say(f"building {name}: {seconds(elapsed)}, {compiled} of at most {total} packages compiled")
        if elapsed > _BUILD_TIMEOUT_SECONDS:
            process.kill()
    reader.join(5)
    return list(tail)
