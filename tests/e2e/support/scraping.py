"""A real Prometheus beside the cluster: scrapes the operator through the API server, judges by the alerts."""

import base64
import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Self

import yaml

from hack.cluster.paths import Paths
from hack.cluster.prometheus import find_prometheus

METRICS = "/api/v1/namespaces/warmpool-system/services/warmpool-metrics:metrics/proxy/metrics"


class Prometheus:
    """A server with one target, scraped every second.

    Args:
        kubeconfig: credentials for the API server; works from outside on any kind of cluster.
        rules: file with rules.
        folder: where configuration and data go.
    """

    def __init__(self, kubeconfig: Path, rules: Path, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{probe.getsockname()[1]}"
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "warmpool", **_through(kubeconfig, folder)}],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))

    def __enter__(self) -> Self:
        program = find_prometheus(Paths.from_environment().cache) / "prometheus"
        options = [
            f"--config.file={self._folder}/prometheus.yaml",
            f"--storage.tsdb.path={self._folder}/data",
        ]
        options += [f"--web.listen-address={self._address}", "--log.level=error"]
        self._log = (self._folder / "log").open("w")
        self._process = subprocess.Popen([program, *options], stderr=self._log, stdout=self._log)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        self._log.close()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the result of an instant query, empty while the server starts."""
        try:
            found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        except OSError:
            return []
        return found

    def wait(self, expression: str, *, seconds: float = 60) -> list[dict[str, Any]]:
        """Wait until a query has a result."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := self.query(expression):
                return found
            time.sleep(0.3)
        raise AssertionError(f"no result of {expression}: {(self._folder / 'log').read_text()[-2000:]}")

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule with its health and state."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, path: str, **parameters: str) -> Any:
        url = f"http://{self._address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]


def _through(kubeconfig: Path, folder: Path) -> dict[str, Any]:
    """Return the part of a scrape configuration that reaches the operator through the API server."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    server = urllib.parse.urlsplit(cluster["server"])
    tls = {
        "ca_file": _file(cluster, "certificate-authority", folder),
        "cert_file": _file(user, "client-certificate", folder),
        "key_file": _file(user, "client-key", folder),
    }
    made: dict[str, Any] = {
        "scheme": server.scheme,
        "metrics_path": METRICS,
        "static_configs": [{"targets": [server.netloc]}],
        "tls_config": {name: path for name, path in tls.items() if path},
    }
    if "token" in user:
        made["authorization"] = {"credentials": user["token"]}
    return made


def _file(part: dict[str, Any], name: str, folder: Path) -> str | None:
    if data := part.get(f"{name}-data"):
        path = folder / name
        path.write_bytes(base64.b64decode(data))
        path.chmod(0o600)
        return str(path)
    return part.get(name)
