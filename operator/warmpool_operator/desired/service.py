"""The Service: clients reach warm pods, and the admin port through it never."""

from warmpool_operator.api import names
from warmpool_operator.desired.pool import Manifest, Pool

SERVICE_PORT = 80


def service(pool: Pool) -> Manifest:
    """Return the ClusterIP Service of the pool's client port."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": pool.metadata(),
        "spec": {
            "type": "ClusterIP",
            "selector": pool.selector,
            "ports": [
                {
                    "name": names.PORT_NAME,
                    "port": SERVICE_PORT,
                    "targetPort": names.PORT_NAME,
                    "protocol": "TCP",
                }
            ],
        },
    }
