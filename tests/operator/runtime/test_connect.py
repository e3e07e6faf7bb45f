"""Where the client finds its cluster, and what it says when it finds none."""

import pytest
import yaml
from kubernetes.aio.config import incluster_config

from warmpool_operator.runtime.connect import connect, load_configuration
from warmpool_operator.runtime.errors import ClusterConfigError
from warmpool_operator.runtime.resources import PODS, ObjectRef


@pytest.fixture(autouse=True)
def outside_of_a_pod(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)


@pytest.fixture
def kubeconfig(tmp_path):
    def write(server):
        path = tmp_path / "config"
        names = ("first", "second")
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "first",
            "clusters": [{"name": n, "cluster": {"server": f"{server}/{n}"}} for n in names],
            "users": [{"name": n, "user": {"token": f"token-{n}"}} for n in names],
            "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in names],
        }
        path.write_text(yaml.safe_dump(config))
        return str(path)

    return write


@pytest.mark.parametrize(("context", "used"), [(None, "first"), ("second", "second")])
async def test_kubeconfig_and_context(server, kubeconfig, context, used):
    server.answers(200, {"metadata": {"name": "p"}})
    async with await connect(kubeconfig=kubeconfig(server.url), context=context, user_agent="ua/1") as client:
        await client.get(ObjectRef(PODS, "team", "p"))
    call = server.seen[0]
    assert call.path == f"/{used}/api/v1/namespaces/team/pods/p"
    assert call.headers["Authorization"].lower() == f"bearer token-{used}"
    assert call.headers["User-Agent"] == "ua/1"


async def test_kubeconfig_from_the_environment(monkeypatch, kubeconfig):
    monkeypatch.setenv("KUBECONFIG", kubeconfig("http://there"))
    assert (await load_configuration()).host == "http://there/first"


async def test_a_rotated_service_account_token_is_read_again(monkeypatch, tmp_path, server):
    token, cert = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("old")
    cert.write_text("a certificate")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(cert))
    configuration = await load_configuration()
    assert configuration.host == "https://10.0.0.1:443"
    assert await configuration.get_api_key_with_prefix("BearerToken") == "bearer old"
    token.write_text("new")
    clock = incluster_config.datetime.datetime

    class Later(clock):
        @classmethod
        def now(cls, tz=None):
            return clock.now(tz) + incluster_config.datetime.timedelta(minutes=2)

    monkeypatch.setattr(incluster_config.datetime, "datetime", Later)
    assert await configuration.get_api_key_with_prefix("BearerToken") == "bearer new"


async def test_inside_of_a_pod_without_a_service_account(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "none"))
    with pytest.raises(ClusterConfigError, match="in-cluster configuration: Service token file"):
        await load_configuration()


@pytest.mark.parametrize("text", [None, "just words", "a: [", "kind: Config", "- 1"])
async def test_an_unusable_kubeconfig_is_named(tmp_path, text):
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ClusterConfigError, match=str(path)):
        await load_configuration(kubeconfig=str(path))


async def test_an_unknown_context_is_named(kubeconfig):
    with pytest.raises(ClusterConfigError, match="third"):
        await load_configuration(kubeconfig=kubeconfig("http://there"), context="third")
