"""The controller's template is changed in two places, and nothing is taken for the controller that is not."""

from pathlib import Path

import pytest

from hack.cluster.backend import ClusterError
from hack.cluster.embedded.ingress import adapt
from hack.cluster.embedded.ingress_objects import ingress_objects
from hack.cluster.embedded.layout import Layout
from hack.cluster.embedded.sweep import is_ours
from hack.cluster.named import INGRESS_VARIABLE, NamedBackend
from hack.cluster.paths import Paths
from hack.cluster.process import Process

STATE = Path("/state/warmpool/cluster")
TEMPLATE = """\
http {
    lua_package_path "/etc/nginx/lua/?.lua;;";
    server { listen 80; }
}
stream {
    lua_package_path "/etc/nginx/lua/?.lua;/etc/nginx/lua/vendor/?.lua;;";
    server {
        listen 1;
    }
}
"""


def test_the_template_finds_the_shims_and_has_no_lua_in_its_stream() -> None:
    adapted = adapt(TEMPLATE)
    assert 'lua_package_path "/etc/nginx/lua/?.lua;/etc/nginx/shims/?.lua;;";' in adapted
    assert adapted.count("stream {") == 1
    assert "lua" not in adapted[adapted.index("stream {") :]
    assert "listen 80" in adapted


@pytest.mark.parametrize("strange", ["", TEMPLATE.replace("stream {", "flow {"), "stream {\n}\n"])
def test_an_unknown_template_is_an_error(strange: str) -> None:
    with pytest.raises(ClusterError, match="not the expected one"):
        adapt(strange)


@pytest.mark.parametrize(
    ("argv", "ours"),
    [
        (["/usr/bin/unshare", "--mount", "/bin/bash", f"{STATE}/ingress/start.sh"], True),
        (["/cache/nginx-ingress-controller", f"--kubeconfig={STATE}/pki/ingress-nginx.kubeconfig"], True),
        (["/usr/bin/unshare", "--mount", "/bin/bash", "/home/me/start.sh"], False),
        (["/usr/sbin/nginx", "-c", "/etc/nginx/nginx.conf"], False),
    ],
)
def test_the_sweep_knows_the_controller(argv: list[str], ours: bool) -> None:
    assert is_ours(Process(pid=1, started=1, argv=tuple(argv)), Layout(STATE)) is ours


def test_the_webhook_comes_last_and_judges_only_its_class() -> None:
    *_, (path, webhook) = ingress_objects(authority="QQ==", webhook="https://127.0.0.1:1/x", folder="/x")
    assert "validatingwebhookconfigurations" in path
    assert "'nginx'" in str(webhook)


@pytest.mark.parametrize("value", ["", "http://a", "https://a,http://b", "http://a,ftp://b"])
def test_a_named_context_says_where_its_controller_answers(tmp_path: Path, value: str) -> None:
    backend = NamedBackend("mine", Paths(tmp_path, tmp_path), environ={INGRESS_VARIABLE: value})
    with pytest.raises(ClusterError, match=INGRESS_VARIABLE):
        backend.ingress()


def test_a_named_context_with_a_controller(tmp_path: Path) -> None:
    environ = {INGRESS_VARIABLE: "http://192.0.2.1,https://192.0.2.1:8443/"}
    address = NamedBackend("mine", Paths(tmp_path, tmp_path), environ=environ).ingress()
    assert (address.http, address.https) == ("http://192.0.2.1", "https://192.0.2.1:8443")
