"""`python -m bench.reaction`: from one more request to the HPA and `/scale` that follow it.

A pool of pretended models with one request per pod gets requests that take half a minute, one more at a time, so
every request is a step in demand that needs one more pod. Measured is the time from sending it to the moment at
which a watch shows the new bounds and the new replicas. Then the requests are taken back, the pool shrinks, and
the next round begins.
"""

import argparse
import http.client
import json
import socket
import statistics
import sys
import time
from urllib.parse import urlsplit

from bench.reaction.watcher import Watcher
from bench.results_file import write_results
from hack.cluster import Backend, select_backend
from hack.cluster.kubectl import Kubectl, find_tool
from hack.cluster.waiting import wait_for

NAME, NAMESPACE = "reaction", "bench-reaction"
STEPS = 10
GAP_SECONDS = 1.3
MS_PER_TOKEN = 60
WORDS = 500
GIVE_UP_SECONDS = 20.0


def pool() -> dict[str, object]:
    """Return the pool that is measured."""
    # Time by token rather than by request: the warm-up's short texts must not take half a minute each.
    variables = {"WARMPOOL_FAKE_LOAD_SECONDS": "0.5", "WARMPOOL_FAKE_MS_PER_TOKEN": str(MS_PER_TOKEN)}
    return {
        "apiVersion": "warmpool.dev/v1alpha1",
        "kind": "WarmModelPool",
        "metadata": {"name": NAME},
        "spec": {
            "model": {"name": "fake", "source": {"baked": {}}},
            "server": {
                "image": "warmpool/serving:dev",
                "engine": "fake",
                "containerConcurrency": 1,
                "latencyTargetMs": 600_000,
                "env": [{"name": name, "value": value} for name, value in variables.items()],
                "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
            },
            "scaling": {"minReplicas": 1, "maxReplicas": STEPS + 2, "keepAliveSeconds": 0},
        },
    }


def send(url: str) -> http.client.HTTPConnection:
    """Send one request and leave its answer to come; closing the connection takes the request back."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
    body = json.dumps({"model": "fake", "input": "word " * WORDS})
    connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
    return connection


def one_round(url: str, hpa: Watcher, deployment: Watcher) -> tuple[list[float], list[float]]:
    """Make STEPS steps; return the seconds to the HPA's and to the Deployment's change of each.

    Raises:
        SystemExit: a step was not answered by a write within GIVE_UP_SECONDS.
    """
    bounds: list[float] = []
    replicas: list[float] = []
    # The pool keeps one warm pod whatever the demand, so the first request changes nothing.
    requests = [send(url)]
    time.sleep(GAP_SECONDS)
    for step in range(2, STEPS + 2):
        sent = time.monotonic()
        requests.append(send(url))
        for watcher, times in ((hpa, bounds), (deployment, replicas)):
            took = watcher.reached(step, since=sent, seconds=GIVE_UP_SECONDS)
            if took is None:
                raise SystemExit(f"step to {step} pods was not written within {GIVE_UP_SECONDS:.0f} s")
            times.append(took)
        time.sleep(GAP_SECONDS)
    for request in requests:
        request.close()
    return bounds, replicas


def percentile(values: list[float], percent: int) -> float:
    """Return a percentile by nearest rank."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def set_up(kubectl: Kubectl) -> str:
    """Apply the pool and return the URL of its Service, once it is warm."""
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kubectl.apply(pool(), namespace=NAMESPACE)
    kubectl("wait", f"wmp/{NAME}", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s")
    address = kubectl.get("service", NAME, "-n", NAMESPACE)["spec"]["clusterIP"]
    # kube-proxy learns of an endpoint up to a second after the pod is Ready.
    wait_for("the Service to take connections", lambda: _listens(address), timeout=30)
    return f"http://{address}/v1/embeddings"


def _listens(address: str) -> bool:
    try:
        socket.create_connection((address, 80), timeout=5).close()
    except OSError:
        return False
    return True


def measure(backend: Backend, *, rounds: int) -> tuple[list[float], list[float]]:
    """Make `rounds` rounds; return the seconds to the HPA's and to the Deployment's change of every step."""
    kubectl = Kubectl(backend)
    base = [find_tool(backend, "kubectl"), "--kubeconfig", str(backend.kubeconfig)]
    url = set_up(kubectl)
    bounds: list[float] = []
    replicas: list[float] = []
    hpa_watch = Watcher(base, "hpa", NAME, NAMESPACE, "{.spec.minReplicas}")
    with hpa_watch as hpa, Watcher(base, "deployment", NAME, NAMESPACE, "{.spec.replicas}") as deployment:
        for number in range(rounds):
            more_bounds, more_replicas = one_round(url, hpa, deployment)
            bounds += more_bounds
            replicas += more_replicas
            median = statistics.median(more_replicas)
            print(f"round {number + 1}: median {median:.2f} s, max {max(more_replicas):.2f} s", flush=True)
            wait_for(
                "the pool to shrink",
                lambda: kubectl.get("wmp", NAME, "-n", NAMESPACE)["status"]["replicas"] == 1,
                timeout=180,
            )
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    return bounds, replicas


def main() -> int:
    """Run the benchmark and write `bench/results/reaction.json`."""
    parser = argparse.ArgumentParser(prog="python -m bench.reaction", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help=f"rounds of {STEPS} steps (default 5)")
    arguments = parser.parse_args()
    backend = select_backend()
    bounds, replicas = measure(backend, rounds=arguments.rounds)
    figures = {
        f"demand_to_{what}_s_{label}": value
        for what, times in (("hpa", bounds), ("write", replicas))
        for label, value in (
            ("p50", percentile(times, 50)),
            ("p99", percentile(times, 99)),
            ("max", max(times)),
        )
    }
    versions = {"kubernetes": backend.status().version}
    path = write_results("reaction", figures, repeats=len(replicas), versions=versions)
    print(json.dumps(figures, indent=2), path, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
