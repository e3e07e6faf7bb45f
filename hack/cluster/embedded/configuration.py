"""Configuration files of containerd, the pod network, the kubelet and kube-proxy."""

import json
from collections.abc import Mapping
from pathlib import Path

from hack.cluster.embedded.layout import Layout
from hack.cluster.embedded.network import NODE_ADDRESS, POD_BRIDGE, POD_NETWORK, POD_RANGE
from hack.cluster.embedded.pki import NODE_NAME

PAUSE_IMAGE = "localhost/warmpool-pause:1"
# A root of our own below which every pod's cgroup lies: what is in it is ours to end and to remove.
CGROUP_ROOT = "warmpool"
_EVICT_BELOW = "200Mi"
_CNI_PLUGINS = "/usr/lib/cni"


def write_configuration(layout: Layout, *, cgroup_root: str) -> None:
    """Write all files.

    Args:
        layout: Where to.
        cgroup_root: Cgroup below which the kubelet puts pods, from the root of the hierarchy.
    """
    layout.config.mkdir(parents=True, exist_ok=True)
    (layout.config / "containerd.toml").write_text(containerd(layout))
    _write_json(layout.cni / "10-pods.conflist", pod_network(layout))
    write_kubelet(layout, cgroup_root=cgroup_root)
    _write_json(layout.config / "proxy.json", proxy(layout))


def write_kubelet(layout: Layout, *, cgroup_root: str, evict_below: str = _EVICT_BELOW) -> None:
    """Write the kubelet's file alone; it is read when the kubelet starts."""
    _write_json(
        layout.config / "kubelet.json", kubelet(layout, cgroup_root=cgroup_root, evict_below=evict_below)
    )


def containerd(layout: Layout) -> str:
    """Configuration of containerd: nothing of it lies outside the state folder.

    `restrict_oom_score_adj`: where CAP_SYS_RESOURCE is missing, as inside many sandboxes, a pod's wish for a
    lower OOM score would fail every sandbox with "can't get final child's PID from pipe".
    """
    root = layout.containerd
    return f"""version = 2
root = "{root}/root"
state = "{root}/state"
temp = "{root}/temp"
[grpc]
  address = "{layout.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{root}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "{root}/runc"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{_CNI_PLUGINS}"
    conf_dir = "{layout.cni}"
"""


def pod_network(layout: Layout) -> Mapping[str, object]:
    """Pods on one bridge, each reachable from the host, with hairpin for a pod that calls its own Service."""
    bridge = {
        "type": "bridge",
        "bridge": POD_BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(layout.root / "ipam"),
            "ranges": [[{"subnet": POD_RANGE}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": POD_NETWORK, "plugins": [bridge, ports]}


def kubelet(layout: Layout, *, cgroup_root: str, evict_below: str = _EVICT_BELOW) -> Mapping[str, object]:
    """Configuration of the kubelet; works on cgroup v1 and v2 and on machines that have little disk left."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "containerRuntimeEndpoint": f"unix://{layout.socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup_root,
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": ["pods"],
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(layout.pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(layout.pki / "kubelet.key"),
        "resolvConf": "/etc/resolv.conf",
        "maxPods": 250,
        "evictionHard": {
            "memory.available": evict_below,
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
        # Not the default of 5 min: there is one node, and until then it takes no pod without a memory request.
        "evictionPressureTransitionPeriod": "5s",
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": str(layout.pod_logs),
        "volumePluginDir": str(layout.root / "volume-plugins"),
    }


def proxy(layout: Layout) -> Mapping[str, object]:
    """Configuration of kube-proxy."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(layout.pki / "proxy.kubeconfig")},
        "mode": "iptables",
        "clusterCIDR": POD_RANGE,
        "hostnameOverride": NODE_NAME,
        "healthzBindAddress": "127.0.0.1:10256",
        "oomScoreAdj": 0,
    }


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")
