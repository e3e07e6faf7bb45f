"""Addresses of the embedded cluster, the host's network devices that carry them, and their removal.

The node and the API server live on a bridge without ports, because some kernels have no dummy device. Device
names are ours alone, so removing them can never hit another program's bridge.
"""

from pathlib import Path

from hack.cluster.commands import run

NODE_BRIDGE = "wmp-node"
POD_BRIDGE = "wmp-pods"
POD_NETWORK = "warmpool-pods"

NODE_ADDRESS = "10.200.0.1"
API_PORT = 6443
METRICS_PORT = 4443
POD_RANGE = "10.244.0.0/22"
SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
SERVER = f"https://{NODE_ADDRESS}:{API_PORT}"

_NET = Path("/sys/class/net")
_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


def create_node_device() -> None:
    """Put the node's address on its bridge, and route Service addresses to it."""
    run(["ip", "link", "add", NODE_BRIDGE, "type", "bridge"])
    run(["ip", "address", "add", f"{NODE_ADDRESS}/32", "dev", NODE_BRIDGE])
    run(["ip", "link", "set", NODE_BRIDGE, "up"])
    # Without it a Service address would need a default route before kube-proxy gets to rewrite it.
    run(["ip", "route", "add", SERVICE_RANGE, "dev", NODE_BRIDGE, "src", NODE_ADDRESS])


def forwarding() -> str:
    """Whether the host forwards packets, as the kernel shows it; the bridge plugin switches it on."""
    return _FORWARD.read_text().strip()


def restore_forwarding(value: str) -> None:
    """Set forwarding as it was before the cluster."""
    if value in {"0", "1"}:
        _FORWARD.write_text(value)


def present_devices() -> list[str]:
    """Our devices that exist."""
    return [name for name in (NODE_BRIDGE, POD_BRIDGE) if (_NET / name).exists()]


def remove_devices() -> None:
    """Delete our bridges and the host ends of the pods' links."""
    for bridge in present_devices():
        for port in sorted((_NET / bridge / "brif").iterdir()):
            run(["ip", "link", "delete", port.name], check=False)
        run(["ip", "link", "delete", bridge])
