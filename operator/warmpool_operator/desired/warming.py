"""Who answers while no pod is warm: a Service without a selector, whose one endpoint is the operator.

It lies in the pool's namespace because an Ingress can name no Service elsewhere. An EndpointSlice may name
any address, but none of another Service, so it is the operator's own pod that it names, and the operator
writes it anew when that moves.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from warmpool_operator.api import names
from warmpool_operator.desired.pool import Manifest, Pool
from warmpool_operator.desired.service import SERVICE_PORT


@dataclass(frozen=True)
class WarmingAddress:
    """Where the operator answers for pools without a warm pod."""

    ip: str
    port: int


def warming_service_name(pool: Pool) -> str:
    """Return the name of the Service that answers while no pod is warm."""
    return f"{pool.name}{names.WARMING_SERVICE_SUFFIX}"


def warming_service(pool: Pool) -> Manifest:
    """Return the Service that the Ingress names as its default backend."""
    port = {"name": names.PORT_NAME, "port": SERVICE_PORT, "protocol": "TCP"}
    metadata = pool.metadata() | {"name": warming_service_name(pool)}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"type": "ClusterIP", "ports": [port]},
    }


def warming_endpoints(pool: Pool, address: WarmingAddress) -> Manifest:
    """Return the EndpointSlice of that Service."""
    name = warming_service_name(pool)
    metadata = pool.metadata()
    labels = {**metadata["labels"], "kubernetes.io/service-name": name}
    labels["endpointslice.kubernetes.io/managed-by"] = names.MANAGER
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata | {"name": name, "labels": labels},
        "addressType": f"IPv{ip_address(address.ip).version}",
        "endpoints": [{"addresses": [address.ip], "conditions": {"ready": True}}],
        "ports": [{"name": names.PORT_NAME, "port": address.port, "protocol": "TCP"}],
    }
