"""The server's container: settings, ports, probes, security."""

from warmpool_operator.api import names
from warmpool_operator.api.names import Env
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.security import container_security, resources, tmp_mount
from warmpool_operator.desired.source import model_mounts
from warmpool_operator.desired.timing import DRAIN_PROPAGATION_SECONDS, STARTUP_PERIOD_SECONDS, timing_of


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
        "env": _environment(pool, admin_token),
        "ports": [
            {"name": names.PORT_NAME, "containerPort": server.port, "protocol": "TCP"},
            {"name": names.ADMIN_PORT_NAME, "containerPort": server.admin_port, "protocol": "TCP"},
        ],
        "resources": resources(server.resources),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [tmp_mount(), *model_mounts(pool.spec)],
        **_probes(pool),
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
