"""The server's container: settings, ports, probes, security."""

from warmpool_operator.api import names
from warmpool_operator.api.names import Env
from warmpool_operator.api.protocol import LoadMetrics
from warmpool_operator.api.server import Server
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.security import container_security, resources, tmp_mount
from warmpool_operator.desired.source import model_mounts
from warmpool_operator.desired.timing import DRAIN_PROPAGATION_SECONDS, STARTUP_PERIOD_SECONDS, timing_of
from warmpool_operator.desired.warmer import warmed


def container(pool: Pool, *, admin_token: str) -> Manifest:
    """Return the container that serves the model.

    Args:
        pool: the pool.
        admin_token: what the operator must show to retire a pod; the pod gets it by environment.
    """
    server = pool.spec.server
    optional = {"command": server.command, "args": server.args}
    return {
        "name": names.CONTAINER,
        "image": server.image,
        "imagePullPolicy": server.image_pull_policy,
        "env": _environment(pool, admin_token)
        if server.load_metrics is None
        else [each.to_wire() for each in server.env],
        "ports": _ports(server),
        "resources": resources(server.resources),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [tmp_mount(), *model_mounts(pool.spec)],
        **(_probes(pool) if server.load_metrics is None else _foreign(pool, server.load_metrics)),
        **{key: value for key, value in optional.items() if value is not None},
    }


def _environment(pool: Pool, admin_token: str) -> list[Manifest]:
    """The pool's fields as `WARMPOOL_*`, then the user's own variables."""
    spec, server = pool.spec, pool.spec.server
    settings: dict[str, object] = {
        Env.MODEL_NAME: spec.model.name,
        Env.ENGINE: server.engine,
        Env.PORT: server.port,
        Env.ADMIN_PORT: server.admin_port,
        Env.CONTAINER_CONCURRENCY: server.container_concurrency,
        Env.LATENCY_TARGET_MS: server.latency_target_ms,
        Env.WARMUP_REQUESTS: spec.startup.warmup.requests,
        Env.DRAIN_PROPAGATION_SECONDS: DRAIN_PROPAGATION_SECONDS,
        Env.DRAIN_TIMEOUT_SECONDS: timing_of(spec).drain_timeout,
        Env.ADMIN_TOKEN: admin_token,
    }
    if server.max_queue is not None:
        settings[Env.MAX_QUEUE] = server.max_queue
    if (path := spec.model.container_path()) is not None:
        settings[Env.MODEL_PATH] = path
    ours = [{"name": name, "value": str(value)} for name, value in settings.items()]
    return ours + [variable.to_wire() for variable in server.env]


def _ports(server: Server) -> list[Manifest]:
    ports = {names.PORT_NAME: server.port}
    if server.load_metrics is None:
        ports[names.ADMIN_PORT_NAME] = server.admin_port
    return [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()]


def _foreign(pool: Pool, metrics: LoadMetrics) -> Manifest:
    """Probes of a server of another make, and time for proxies to forget a pod before it is told to stop.

    Liveness looks at the port alone: a health path that fails while a model loads or a queue is long would have
    the kubelet kill what it should wait for (kserve/kserve#5062).
    """

    def health() -> Manifest:
        return {"httpGet": {"path": metrics.health, "port": names.PORT_NAME, "scheme": "HTTP"}}

    times = {"timeoutSeconds": 2, "failureThreshold": 3}
    return {
        "startupProbe": {
            **(warmed(pool.spec) or health()),
            "periodSeconds": STARTUP_PERIOD_SECONDS,
            "timeoutSeconds": 1,
            "failureThreshold": timing_of(pool.spec).startup_failure_threshold,
        },
        "readinessProbe": {**health(), "periodSeconds": 1, **times},
        "livenessProbe": {"tcpSocket": {"port": names.PORT_NAME}, "periodSeconds": 10, **times},
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_PROPAGATION_SECONDS}}},
    }


def _probes(pool: Pool) -> Manifest:
    """Startup follows the load, readiness the drain state, liveness neither.

    Readiness tolerates three misses: deletion takes endpoints away without it, and a saturated node must not
    empty a pool.
    """

    def get(path: str) -> Manifest:
        return {"httpGet": {"path": path, "port": names.ADMIN_PORT_NAME, "scheme": "HTTP"}}

    return {
        "startupProbe": {
            **get(names.PATH_STARTUP),
            "periodSeconds": STARTUP_PERIOD_SECONDS,
            "timeoutSeconds": 1,
            "failureThreshold": timing_of(pool.spec).startup_failure_threshold,
        },
        "readinessProbe": {
            **get(names.PATH_READY),
            "periodSeconds": 1,
            "timeoutSeconds": 2,
            "failureThreshold": 3,
        },
        "livenessProbe": {
            **get(names.PATH_LIVE),
            "periodSeconds": 10,
            "timeoutSeconds": 2,
            "failureThreshold": 3,
        },
    }
