"""One running server: started in a process group of its own, asked until it answers, ended with all children."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from bench.serving import environments
from bench.serving.systems import System, environment

LOGS = environments.cache_root() / "bench-logs"
_START_SECONDS = 120.0
_POLL_SECONDS = 0.005


class Server:
    """A server from its start to its end; a context manager.

    Args:
        system: what is started.
        cores: on which it may run, as taskset takes them; empty: on all.
        env: more environment variables.
    """

    def __init__(self, system: System, *, cores: str = "", **env: str) -> None:
        self.system = system
        only = ["taskset", "--cpu-list", cores] if cores else []
        self.port, self.admin_port = _free_port(), _free_port()
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{system.name}.log"
        with self.log.open("wb") as log:
            self.began = time.monotonic()
            self.process = subprocess.Popen(
                [*only, *system.command(self.port, self.admin_port)],
                env=environment(system) | env,
                stdout=log,
                stderr=log,
                cwd=system.folder,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for sig in (signal.SIGINT, signal.SIGKILL):
            if _signal(self.process.pid, sig):
                try:
                    self.process.wait(5)
                except subprocess.TimeoutExpired:
                    continue
        self.process.wait(5)

    @property
    def url(self) -> str:
        """Where to send texts."""
        return f"http://127.0.0.1:{self.port}{self.system.path}"

    def until_answering(self, text: str = "ready?") -> float:
        """Ask until a text is answered; return the seconds since the start.

        Raises:
            RuntimeError: it ended, or did not answer within two minutes.
        """
        content = self.system.payload(text)
        while time.monotonic() < self.began + _START_SECONDS and self.process.poll() is None:
            if self.ask(content)[0] == 200:
                return time.monotonic() - self.began
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"{self.system.name} does not answer; see {self.log}")

    def ask(self, content: bytes) -> tuple[int, Any]:
        """Return the status and the body of one answer on a new connection; status 0 without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", self.system.path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def probe(self, path: str) -> tuple[int, Any]:
        """Return the status and the body of one answer of the admin port, as the kubelet asks; 0 without one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def pss_mib(self) -> float:
        """Memory of the whole process group, shared pages by share, in MiB."""
        lines = [line for text in self._read("smaps_rollup") for line in text.splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

    def cpu_s(self) -> float:
        """CPU time that the processes of the group have used, in seconds."""
        # Fields 14 and 15 of proc_pid_stat(5); the second may hold spaces, so counting begins after it.
        stats = [text.rpartition(")")[2].split() for text in self._read("stat")]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    def _read(self, name: str) -> Iterator[str]:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(folder.name)) == self.process.pid:
                    yield (folder / name).read_text(encoding="ascii", errors="replace")
            except OSError:
                continue


def _signal(group: int, sig: signal.Signals) -> bool:
    try:
        os.killpg(group, sig)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
