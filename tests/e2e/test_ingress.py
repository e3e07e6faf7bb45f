"""Pools behind a real ingress-nginx, with its webhook: load comes from outside, through the controller."""

import base64
import datetime
import http.client
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hack.cluster.backend import IngressAddress
from hack.cluster.kubectl import Kubectl
from tests.e2e.support.hammer import Hammer
from tests.e2e.support.pools import FAKE_PAYLOAD, Object, PoolHandle, spec

PREFIX = "nginx.ingress.kubernetes.io"
LIMIT = f"{PREFIX}/limit-connections"
PATH = "/v1/embeddings"
REFUSED = {429, 503}
SYNC_SECONDS = 2.5
"""The controller looks for new pods about once a second."""
"""Of a limiter: 503 where the controller's ConfigMap does not say 429."""
pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def pool(kubectl: Kubectl, namespace: str) -> PoolHandle:
    """A pool of this test alone; its host is its namespace's name."""
    return PoolHandle(kubectl, namespace, "routed")


def routed(pool: PoolHandle, address: IngressAddress, **changes: Object) -> Object:
    """Return the spec of a pool behind the Ingress; 2 + 2 slots a pod, 200 ms a request."""
    wish = {"className": address.class_name, "host": host_of(pool), **changes.pop("ingress", {})}
    server = {
        "maxQueue": 2,
        "env": [
            {"name": "WARMPOOL_FAKE_LOAD_SECONDS", "value": "1"},
            {"name": "WARMPOOL_FAKE_SERVICE_MS", "value": "200"},
        ],
    }
    return spec(server=server, **changes) | {"ingress": wish}


def host_of(pool: PoolHandle) -> str:
    return f"{pool.namespace}.example.org"


def annotations_of(pool: PoolHandle) -> dict[str, str]:
    """Of the pool's Ingress; it comes a moment after the status that tells of it."""
    where = ["ingress", "-n", pool.namespace, "--field-selector", f"metadata.name={pool.name}"]
    found: Object = pool.wait("the Ingress", lambda: pool.kubectl.get(*where)["items"], seconds=20)[0]
    annotations: dict[str, str] = found["metadata"]["annotations"]
    return annotations


@dataclass(frozen=True)
class Answer:
    """One answer of the controller or of what is behind it."""

    status: int
    headers: Message
    body: bytes


def ask(address: str, host: str, *, context: ssl.SSLContext | None = None, **headers: str) -> Answer:
    """Send one request through the controller: to its address, under the name of the host."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=30)
    connection.connect()
    if context is not None:
        connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
    try:
        everything = {"Content-Type": "application/json", "Host": host, **headers}
        connection.request("POST", PATH, json.dumps(FAKE_PAYLOAD), everything)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def answers(pool: PoolHandle, address: IngressAddress) -> None:
    """Wait until a pod answers through the controller."""
    # Whom the controller sends elsewhere before it knows the pod is told to come back, and is waited for.
    time.sleep(SYNC_SECONDS)
    pool.wait("an answer through the controller", lambda: ask(address.http, host_of(pool)).status == 200)


def test_accepted_traffic_grows_with_ready_pods_and_a_change_of_limits_loses_nothing(
    pool: PoolHandle, ingress: IngressAddress
) -> None:
    def limited(**scaling: int) -> Object:
        limits = {"headroomPercent": 100}
        return routed(pool, ingress, scaling=scaling, ingress={"limits": limits, "tries": 1})

    pool.apply(limited(minReplicas=1, maxReplicas=1))
    pool.wait_ready(1)
    answers(pool, ingress)
    first = int(annotations_of(pool)[LIMIT])
    with Hammer(ingress.http + PATH, FAKE_PAYLOAD, clients=16, host=host_of(pool)) as burst:
        pool.wait("answers and refusals", lambda: burst.statuses[200] > 20 and set(burst.statuses) & REFUSED)
        one = _rate(burst)
        pool.apply(limited(minReplicas=3, maxReplicas=3))
        pool.wait_ready(3)
        pool.wait("a limit for three pods", lambda: int(annotations_of(pool)[LIMIT]) >= 2 * first)
        pool.wait(
            "the limit in the status",
            lambda: pool.status()["limits"]["connections"] == int(annotations_of(pool)[LIMIT]),
        )
        three = _rate(burst)
    assert three > 1.2 * one
    assert burst.strange(200, *REFUSED) == []
    assert pool.condition("IngressLimited")["status"] == "False"


def _rate(burst: Hammer, *, answers: int = 40) -> float:
    """Return answers per second of the next so many answers."""
    before, begin = burst.statuses[200], time.monotonic()
    while burst.statuses[200] < before + answers:
        assert time.monotonic() < begin + 60, f"no answers any more: {burst.statuses}"
        time.sleep(0.1)
    return answers / (time.monotonic() - begin)


def test_our_annotations_are_set_back_and_others_left_alone_and_fields_that_go_are_taken_out(
    pool: PoolHandle, ingress: IngressAddress, kubectl: Kubectl
) -> None:
    wish: Object = {"timeouts": {"readSeconds": 90}, "annotations": {f"{PREFIX}/proxy-body-size": "2m"}}
    pool.apply(routed(pool, ingress, ingress=wish))
    pool.wait("the Ingress", lambda: pool.status().get("limits"))
    limit = annotations_of(pool)[LIMIT]
    edit = [f"{LIMIT}=9999", "example.org/mine=1"]
    kubectl("annotate", "ingress", pool.name, "-n", pool.namespace, "--overwrite", *edit)
    pool.wait("the limit to be set back", lambda: annotations_of(pool)[LIMIT] == limit)
    kubectl("delete", "ingress", pool.name, "-n", pool.namespace)
    pool.wait(
        "the Ingress to come back", lambda: kubectl("get", "ingress", "-n", pool.namespace, "-o", "name")
    )
    kubectl("annotate", "ingress", pool.name, "-n", pool.namespace, "example.org/mine=1")
    pool.apply(routed(pool, ingress, ingress={"limits": {"mode": "Disabled"}}))
    pool.wait("no limit", lambda: LIMIT not in annotations_of(pool))
    left = annotations_of(pool)
    assert not {f"{PREFIX}/proxy-read-timeout", f"{PREFIX}/proxy-body-size"} & set(left)
    assert left["example.org/mine"] == "1"
    assert left[f"{PREFIX}/load-balance"] == "round_robin"


def test_a_pool_at_zero_says_when_to_come_back_and_is_there_then(
    pool: PoolHandle, ingress: IngressAddress
) -> None:
    pool.apply(routed(pool, ingress, scaling={"keepAliveSeconds": 0}))
    pool.wait_ready(1)
    answers(pool, ingress)
    pool.apply(routed(pool, ingress, scaling={"minReplicas": 0, "keepAliveSeconds": 0}))
    pool.wait_ready(0, seconds=150)
    pool.wait("the operator's answer", lambda: _code(ask(ingress.http, host_of(pool))) == "model_warming")
    page = ask(ingress.http, host_of(pool), Accept="text/html")
    assert (page.status, page.headers.get_content_type()) == (503, "text/html")
    for _ in range(5):  # one is enough on a machine that is as fast as it was when the start was measured
        answer = ask(ingress.http, host_of(pool))
        if answer.status == 200:
            break
        wait = int(answer.headers["Retry-After"])
        assert 1 <= wait <= 60
        time.sleep(wait)
    assert answer.status == 200
    assert pool.status()["decision"]["terms"]["heldRequests"] >= 1


def _code(answer: Answer) -> str:
    if answer.status != 503 or answer.headers.get_content_type() != "application/json":
        return ""
    error: dict[str, Any] = json.loads(answer.body)["error"]
    return str(error["code"])


def test_tls_and_a_path_and_a_webhook_that_says_no(
    pool: PoolHandle, ingress: IngressAddress, kubectl: Kubectl, make_namespace: Callable[[], str]
) -> None:
    certificate, secret = _certificate(host_of(pool))
    kubectl.apply(secret, namespace=pool.namespace)
    wish: Object = {"tls": {"secretName": "tls"}, "path": "/v1"}
    pool.apply(routed(pool, ingress, ingress=wish))
    second = PoolHandle(kubectl, make_namespace(), "second")
    pool.wait("the Ingress", lambda: kubectl("get", "ingress", "-n", pool.namespace, "-o", "name"))
    second.apply(routed(pool, ingress, ingress=wish))
    second.wait("a refusal", lambda: second.condition("IngressLimited").get("status") == "True")
    refused = second.condition("IngressLimited")
    assert refused["reason"] == "WriteRefused"
    assert "is already defined" in refused["message"]
    second.wait_ready(1)  # scaling goes on

    context = ssl.create_default_context(cadata=certificate)
    pool.wait_ready(1)

    def encrypted() -> bool:
        try:
            return ask(ingress.https, host_of(pool), context=context).status == 200
        except ssl.SSLError:
            return False  # the controller has not read the Secret yet

    pool.wait("an answer over TLS", encrypted)
    assert ask(ingress.http, host_of(pool)).status == 308, "plain HTTP is sent to HTTPS"


def _certificate(host: str) -> tuple[str, Object]:
    """Return a certificate of the host, and the Secret with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    data = {
        name: base64.b64encode(content).decode()
        for name, content in (("tls.crt", certificate), ("tls.key", private))
    }
    metadata = {"name": "tls"}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": metadata,
        "data": data,
    }
    return certificate.decode(), secret
