"""The sidecar that sends first requests to a server of another make.

A native sidecar: an init container that goes on beside the server, so that it is there when the server starts and
ends after it. The server's startup probe asks it, so "started" means warm, as it does for this project's own
server: the kubelet asks anew whenever the server was restarted, and the operator neither counts the pod as warm
nor takes the requests of its warming for demand.
"""

from typing import Final

from warmpool_operator.api import names
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.api.protocol import LoadMetrics
from warmpool_operator.api.warmup import HttpRequest
from warmpool_operator.desired.pool import Manifest
from warmpool_operator.desired.security import container_security

RESOURCES: Final = {
    # A CPU request, because an HPA on CPU wants one of every container; Python alone takes some 20 MiB.
    "requests": {"cpu": "5m", "memory": "32Mi"},
    "limits": {"memory": "64Mi"},
}


def warmers(spec: PoolSpec) -> list[Manifest]:
    """Return the sidecar that warms the server; none where nothing is sent."""
    wish, metrics = spec.startup.warmup.http, spec.server.load_metrics
    if wish is None or metrics is None:
        return []
    port = {"name": names.ADMIN_PORT_NAME, "containerPort": spec.server.admin_port, "protocol": "TCP"}
    return [
        {
            "name": names.WARM_CONTAINER,
            "image": wish.image,
            "imagePullPolicy": spec.server.image_pull_policy,
            "restartPolicy": "Always",
            "command": [names.PROGRAM, "warm", *map(_literal, _arguments(spec, wish, metrics))],
            "ports": [port],
            "resources": RESOURCES,
            "securityContext": container_security(),
            "terminationMessagePolicy": "FallbackToLogsOnError",
        }
    ]


def warmed(spec: PoolSpec) -> Manifest | None:
    """Return whom the server's startup probe asks whether it is warm, None where that is the server itself.

    The port is a number: a probe knows the names of its own container's ports alone.
    """
    if not warmers(spec):
        return None
    return {"httpGet": {"path": names.PATH_STARTUP, "port": spec.server.admin_port, "scheme": "HTTP"}}


def _arguments(spec: PoolSpec, wish: HttpRequest, metrics: LoadMetrics) -> list[str]:
    base = f"http://localhost:{spec.server.port}"
    arguments = {
        "--url": f"{base}{wish.path}",
        "--health": f"{base}{metrics.health}",
        "--count": spec.startup.warmup.requests,
        "--port": spec.server.admin_port,
        "--timeout": spec.startup.timeout_seconds,
    }
    if wish.body is not None:
        arguments |= {"--content-type": wish.content_type, "--body": wish.body}
    # With `=`, a body that begins with a dash is no option.
    return [f"{name}={value}" for name, value in arguments.items()]


def _literal(text: str) -> str:
    """Return an argument that the kubelet passes on as it is: it reads `$(NAME)` as a variable, `$$` as `$`."""
    return text.replace("$", "$$")
