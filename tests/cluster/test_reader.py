"""What is read without kubectl, and what is left to it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hack.cluster.backend import ClusterError
from hack.cluster.reader import Query, Reader

GROUPS = ("apps/v1", "metrics.k8s.io/v1beta1")
DEPLOYMENTS = {
    "name": "deployments",
    "singularName": "deployment",
    "namespaced": True,
    "shortNames": ["deploy"],
}
PAGES: dict[str, Any] = {
    "/apis": {"groups": [{"preferredVersion": {"groupVersion": name}} for name in GROUPS]},
    "/apis/apps/v1": {"resources": [DEPLOYMENTS]},
    "/api/v1": {"resources": [{"name": "nodes", "singularName": "node", "namespaced": False}]},
    "/api/v1/nodes": {"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"managedFields": []}}]},
    "/apis/apps/v1/namespaces/shop/deployments/web": {"kind": "Deployment", "metadata": {"name": "web"}},
}


class Api(BaseHTTPRequestHandler):
    """An API server that wants a token, one of whose aggregated APIs is away."""

    tokens: ClassVar[set[str | None]] = set()

    def do_GET(self) -> None:
        self.tokens.add(self.headers.get("Authorization"))
        page = PAGES.get(self.path, {"reason": "NotFound", "message": "there is none"})
        away = self.path.startswith("/apis/metrics")
        self.send_response(503 if away else 200 if self.path in PAGES else 404)
        self.end_headers()
        self.wfile.write(b"service unavailable" if away else json.dumps(page).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server calls
        pass


def kubeconfig(folder: Path, port: int) -> Path:
    """As of a managed cluster: with a token."""
    file = folder / "kubeconfig"
    config = {
        "clusters": [{"name": "a", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "a", "user": {"token": "secret"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }
    file.write_text(json.dumps(config))
    return file


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Reader(kubeconfig(tmp_path, server.server_port))
    server.shutdown()
    server.server_close()


def test_objects_are_read_with_the_token_by_any_name(reader: Reader) -> None:
    for name in ("deployment", "deployments", "deploy", "Deployment"):
        found = reader.read(Query(name, "web", "shop"))
        assert found == {"kind": "Deployment", "metadata": {"name": "web"}}
    nodes = reader.read(Query("nodes"))
    assert nodes == {
        "kind": "List",
        "apiVersion": "v1",
        "items": [{"kind": "Node", "apiVersion": "v1", "metadata": {}}],
    }
    assert Api.tokens == {"Bearer secret"}


def test_what_is_not_there_is_told_in_kubectls_words(reader: Reader) -> None:
    with pytest.raises(ClusterError, match=r"Error from server \(NotFound\): there is none"):
        reader.read(Query("deployment", "gone", "shop"))


def test_what_kubectl_knows_better_is_left_to_it(reader: Reader) -> None:
    assert reader.read(Query("deployment", "web")) is None, "the namespace is the context's"
    assert reader.read(Query("all", namespace="shop")) is None, "a category"


def test_a_server_that_is_away_is_an_error_like_others(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="does not answer"):
        Reader(kubeconfig(tmp_path, 9)).read(Query("nodes"))


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ("pods", Query("pods")),
        ("wmp minilm -n shop", Query("wmp", "minilm", "shop")),
        ("pods -A", Query("pods", namespace="")),
        ("pods -n shop -l app=a,tier!=b", Query("pods", namespace="shop", labels="app=a,tier!=b")),
        (
            "events -n shop --field-selector reason=Killing",
            Query("events", "", "shop", fields="reason=Killing"),
        ),
        ("hpa minilm --show-managed-fields", Query("hpa", "minilm", managed_fields=True)),
    ],
)
def test_the_usual_arguments_are_understood(arguments: str, query: Query) -> None:
    assert Query.of(arguments.split()) == query


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "pods -n",
        "pods one -A",
        "pods -o name",
        "deployments,services",
        "pod/one",
        "pods a b",
        "pods --watch",
        "hpa.v1.autoscaling x",
    ],
)
def test_everything_else_is_kubectls(arguments: str) -> None:
    assert Query.of(arguments.split()) is None
