"""kubectl, bound to one kubeconfig, for tests and for backends whose components others run."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hack.cluster.backend import Backend, ClusterError, Status
from hack.cluster.commands import run
from hack.cluster.reader import Query, Reader


def ask_status(backend: str, kubeconfig: Path) -> Status:
    """Status by way of kubectl and the given kubeconfig alone."""
    if not kubeconfig.exists():
        return Status(backend=backend, state="Stopped", kubeconfig=kubeconfig)
    argv = ["kubectl", "--kubeconfig", str(kubeconfig), "--request-timeout=10s"]
    try:
        answer = run([*argv, "version", "-o", "json"], timeout=30)
        listed = run([*argv, "get", "nodes", "-o", "json"], timeout=30)
    except ClusterError as error:
        return Status(backend=backend, state="Stopped", kubeconfig=kubeconfig, detail=str(error)[-300:])
    ready = [
        node["metadata"]["name"]
        for node in json.loads(listed.stdout)["items"]
        if any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))
    ]
    return Status(
        backend=backend,
        state="Running" if ready else "Degraded",
        kubeconfig=kubeconfig,
        version=json.loads(answer.stdout).get("serverVersion", {}).get("gitVersion", ""),
        node=ready[0] if ready else "",
        detail="" if ready else "no node is Ready",
    )


def find_tool(backend: Backend, name: str) -> str:
    """Path of kubectl or helm: the cluster's own where it brings one, else the one on PATH.

    Raises:
        ClusterError: There is none.
    """
    path = os.pathsep.join([*map(str, backend.tool_path), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        raise ClusterError(f"{name} is not installed or not on PATH")
    return found


class Kubectl:
    """Calls kubectl on one cluster: `kubectl("get", "pods", "-n", name)`."""

    def __init__(self, backend: Backend) -> None:
        """Use the cluster of this backend, and no other."""
        self._argv = [find_tool(backend, "kubectl"), "--kubeconfig", str(backend.kubeconfig)]
        self._reader = Reader(backend.kubeconfig)

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run kubectl and return what it prints.

        Args:
            arguments: Without the program's name.
            stdin: Text for its standard input.
            timeout: Seconds.

        Raises:
            ClusterError: It failed; carries what it said.
        """
        return run([*self._argv, *arguments], stdin=stdin, timeout=timeout).stdout

    def argv(self, *arguments: str) -> list[str]:
        """The command line of a call, for a process that goes on, such as a watch."""
        return [*self._argv, *arguments]

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get ... -o json`, decoded; without kubectl where the arguments are as usual."""
        query = Query.of(arguments)
        found = self._reader.read(query) if query else None
        if found is not None:
            return found
        decoded: dict[str, Any] = json.loads(self("get", *arguments, "-o", "json"))
        return decoded

    def apply(self, *manifests: dict[str, Any], namespace: str = "default") -> None:
        """Server-side apply of objects."""
        document = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self("apply", "--server-side", "-n", namespace, "-f", "-", stdin=json.dumps(document))

    def run_in(self, namespace: str, pod: str, command: Sequence[str]) -> str:
        """Run a command in a pod and return what it prints."""
        return self("exec", "-n", namespace, pod, "--", *command)
