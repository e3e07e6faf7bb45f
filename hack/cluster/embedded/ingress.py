"""The real ingress-nginx beside the embedded cluster: its controller, template and Lua code on Debian's nginx.

The controller wants its files under /etc/nginx and /tmp/nginx. It gets them in a mount namespace of its own, so
the host's nginx, if there is one, stays as it is. It is the first process of a PID namespace: when it ends, the
kernel ends every nginx that it started.
"""

import base64
import http.client
import re
import shutil
from pathlib import Path

from hack.cluster.backend import ClusterError, IngressAddress
from hack.cluster.console import say, step
from hack.cluster.embedded.client import ApiClient
from hack.cluster.embedded.ingress_objects import (
    ANCHOR,
    CLASS,
    CONTROLLER,
    NAMESPACE,
    SETTINGS,
    ingress_objects,
)
from hack.cluster.embedded.layout import Layout
from hack.cluster.embedded.pki import INGRESS_IDENTITY, add_identity
from hack.cluster.process import find_processes, is_alive, load_record, start_detached, stop_processes
from hack.cluster.waiting import wait_for

COMPONENT = "ingress-nginx"
ADDRESS = IngressAddress(CLASS, "http://127.0.0.1:18080", "https://127.0.0.1:18443")
_HTTP, _HTTPS, _WEBHOOK = 18080, 18443, 18444
_DEFAULT, _HEALTH, _STATUS, _STREAM, _PROFILER = 18081, 18082, 18083, 18084, 18085
_START_SECONDS = 60.0
_CONTROLLER_FOLDER = Path("/etc/ingress-controller")
_RUN_FOLDER = Path("/tmp/nginx")  # noqa: S108 - hard-coded in the controller
# Mounts need them to exist on the host, where they stay empty; the sweep removes them.
HOST_FOLDERS = (_CONTROLLER_FOLDER, _RUN_FOLDER)
_SHIMS = Path(__file__).parent / "ingress-nginx" / "shims"
# Bookworm's nginx has no Lua in `stream`; the controller only wants its port there to take connections.
_STREAM_BLOCK = 'stream { server { listen 127.0.0.1:{{ .StreamPort }}; return ""; } }'
_PACKAGE_PATH = 'lua_package_path "/etc/nginx/lua/?.lua;'


def is_running(layout: Layout) -> bool:
    """Whether the controller runs, and says that it is healthy."""
    process = load_record(layout.record(COMPONENT))
    return process is not None and is_alive(process) and _answers(_HEALTH, "/healthz")


def state_of(layout: Layout) -> str:
    """`running` or `ended`; empty when it was never started."""
    process = load_record(layout.record(COMPONENT))
    if process is None:
        return ""
    return "running" if is_alive(process) else "ended"


def start(layout: Layout, programs: Path) -> None:
    """Start it on a running cluster, after ending what is left of an earlier one.

    Args:
        layout: The cluster's files.
        programs: Folder with the controller and its data.

    Raises:
        ClusterError: It did not become healthy; carries the end of its log.
    """
    _stop(layout)
    prepare(layout, programs)
    add_identity(layout.pki, COMPONENT, INGRESS_IDENTITY)
    client = ApiClient(layout.pki, timeout=15.0)
    authority = base64.b64encode((layout.pki / "ca.crt").read_bytes()).decode()
    *before, webhook = ingress_objects(
        authority=authority,
        webhook=f"https://127.0.0.1:{_WEBHOOK}/networking/v1/ingresses",
        folder=str(_RUN_FOLDER),
    )
    for path, manifest in before:
        client.apply(path, manifest)
    argv = ["/usr/bin/unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    argv += ["--mount-proc", "/bin/bash", str(layout.ingress / "start.sh")]
    process = start_detached(argv, log=layout.log(COMPONENT), record=layout.record(COMPONENT))

    def healthy() -> bool:
        if not is_alive(process):
            raise ClusterError(f"{COMPONENT} ended:\n{_tail(layout.log(COMPONENT))}")
        return _answers(_HEALTH, "/healthz") and _answers(_HTTP, "/")

    with step(f"starting {COMPONENT}"):
        wait_for(COMPONENT, healthy, timeout=_START_SECONDS, period=0.1)
    # Last: until it answers, it would have every Ingress refused.
    client.apply(*webhook)
    say(f"{COMPONENT} answers at {ADDRESS.http}, class {CLASS}")


def prepare(layout: Layout, programs: Path) -> None:
    """Write the files that the controller finds at its hard-coded places."""
    folder = layout.ingress
    shutil.rmtree(folder, ignore_errors=True)
    etc = folder / "etc"
    shutil.copytree("/etc/nginx", etc, symlinks=True)
    for name in ("lua", "template"):
        shutil.copytree(programs / "nginx" / name, etc / name)
    shutil.rmtree(etc / "lua" / "test", ignore_errors=True)
    # Without it Debian's own configuration would be started first, as a daemon on port 80.
    shutil.copy(programs / "nginx" / "nginx.conf", etc / "nginx.conf")
    shutil.copytree(_SHIMS, etc / "shims")
    template = etc / "template" / "nginx.tmpl"
    template.write_text(adapt(template.read_text()))
    for name in (
        "run",
        "controller/ssl",
        "controller/auth",
        "controller/geoip",
        "controller/telemetry",
    ):
        (folder / name).mkdir(parents=True)
    # Workers give up root and must still write here.
    (folder / "run").chmod(0o1777)
    for place in HOST_FOLDERS:
        place.mkdir(exist_ok=True)
    (folder / "start.sh").write_text(_script(layout, programs))


def adapt(template: str) -> str:
    """Return the controller's template with the two changes that Debian's nginx needs.

    Raises:
        ClusterError: The template is not the expected one.
    """
    adapted, streams = re.subn(
        r"^stream \{.*?^\}", lambda _: _STREAM_BLOCK, template, flags=re.DOTALL | re.MULTILINE
    )
    shimmed = adapted.replace(_PACKAGE_PATH, f"{_PACKAGE_PATH}/etc/nginx/shims/?.lua;")
    if streams != 1 or shimmed == adapted:
        raise ClusterError("the template of ingress-nginx is not the expected one")
    return shimmed


def _script(layout: Layout, programs: Path) -> str:
    """Mounts, then the controller in place of the shell."""
    mounts = {"etc": "/etc/nginx", "controller": str(_CONTROLLER_FOLDER), "run": str(_RUN_FOLDER)}
    return "\n".join(
        [
            "set -eu",
            *(f"mount --bind {layout.ingress}/{name} {place}" for name, place in mounts.items()),
            f"export NGINX_BINARY=/usr/sbin/nginx POD_NAME={ANCHOR} POD_NAMESPACE={NAMESPACE}",
            "cd /etc/nginx",
            f"exec {programs}/nginx-ingress-controller {' '.join(_flags(layout.pki))}",
            "",
        ]
    )


def _flags(pki: Path) -> list[str]:
    ports = {
        "http-port": _HTTP,
        "https-port": _HTTPS,
        "default-server-port": _DEFAULT,
        "healthz-port": _HEALTH,
        "status-port": _STATUS,
        "stream-port": _STREAM,
        "profiler-port": _PROFILER,
    }
    return [
        f"--kubeconfig={pki}/{COMPONENT}.kubeconfig",
        f"--ingress-class={CLASS}",
        f"--controller-class={CONTROLLER}",
        f"--configmap={NAMESPACE}/{SETTINGS}",
        "--update-status=false",
        "--disable-leader-election",
        "--enable-metrics=false",
        "--enable-annotation-validation=true",
        "--healthz-host=127.0.0.1",
        # Every 1.1 s instead of 3.3 s, since tests wait for each change. No sooner: nginx's workers tell changes
        # apart by whole seconds (lua/balancer.lua); of two, one may miss the second and keep a pod that is gone.
        "--sync-rate-limit=0.9",
        "--shutdown-grace-period=0",
        "--post-shutdown-grace-period=0",
        f"--validating-webhook=127.0.0.1:{_WEBHOOK}",
        f"--validating-webhook-certificate={pki}/{COMPONENT}.crt",
        f"--validating-webhook-key={pki}/{COMPONENT}.key",
        *(f"--{name}={port}" for name, port in ports.items()),
    ]


def _stop(layout: Layout) -> None:
    prefix = f"{layout.ingress}/"
    left = find_processes(
        lambda process: process.program == "unshare" and any(prefix in word for word in process.argv)
    )
    stop_processes(left, grace=0)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status in {200, 404}
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
