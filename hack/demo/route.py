"""A way from this machine to a Service.

Where the cluster's network is this machine's own (the embedded cluster), the Service's address is used. Elsewhere
`kubectl proxy` leads through the API server, which chooses a ready pod for every request; `kubectl port-forward`
would choose one pod for all of them.
"""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from hack.cluster import Backend, ClusterError
from hack.cluster.kubectl import Kubectl, find_tool

PROBE_SECONDS = 2.0


@contextmanager
def route_to(backend: Backend, namespace: str, service: str) -> Iterator[str]:
    """Give the base URL of a Service, without a slash at its end, for as long as the context lasts.

    Raises:
        ClusterError: there is no such Service, or no way to it.
    """
    spec = Kubectl(backend).get("service", service, "-n", namespace)["spec"]
    address, port = spec["clusterIP"], spec["ports"][0]["port"]
    if reachable(address, port):
        yield f"http://{address}:{port}"
        return
    with _proxy(backend) as local:
        name = spec["ports"][0].get("name", port)
        yield f"http://{local}/api/v1/namespaces/{namespace}/services/{service}:{name}/proxy"


def reachable(address: str, port: int, *, timeout: float = PROBE_SECONDS) -> bool:
    """Whether a TCP connection to this address can be made."""
    try:
        with socket.create_connection((address, port), timeout=timeout):
            return True
    except OSError:
        return False


@contextmanager
def _proxy(backend: Backend) -> Iterator[str]:
    argv = [find_tool(backend, "kubectl"), "--kubeconfig", str(backend.kubeconfig), "proxy", "--port=0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            found = re.search(r"127\.0\.0\.1:\d+", said)
            if found is None:
                raise ClusterError(f"kubectl proxy did not start: {said.strip() or 'it said nothing'}")
            yield found.group()
        finally:
            process.terminate()
