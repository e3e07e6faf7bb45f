"""`warmpool-serve fetch` as a process, from a mirror on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.sources.mirror import Mirror
from warmpool_serving.models.download import PART_BYTES

ROOT = Path(__file__).resolve().parents[2]
SIZE = 5 * PART_BYTES // 2


def url(mirror: Mirror, path: str = "/plain") -> str:
    return f"http://127.0.0.1:{mirror.server_address[1]}{path}"


def command(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    env = os.environ | {"PYTHONPATH": str(ROOT / "serving")} | variables
    argv = [sys.executable, "-m", "warmpool_serving", "fetch", *arguments]
    return subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True)


def fetch(*arguments: str, **variables: str) -> tuple[int, str]:
    """Runs the command to its end; returns the exit code and the last message."""
    process = command(*arguments, **variables)
    _, log = process.communicate(timeout=60)
    return process.returncode, json.loads(log.splitlines()[-1])["message"]
