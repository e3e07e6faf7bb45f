"""The Go modules that the embedded cluster is built from, and the key that names a build.

Invariant: the key covers everything that decides what a binary does (go.mod, go.sum, our Go sources, link
flags), so a cached binary is never stale and never rebuilt.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_HERE = Path(__file__).parent

KUBERNETES_VERSION = "v1.34.2"
METRICS_SERVER_VERSION = "v0.9.0"
# The newest commit of the controller that the module proxy serves; about release v1.11.1.
INGRESS_NGINX_VERSION = "v0.0.0-20240708192948-52c50467d67d"
HELM_VERSION = "v3.19.5"
KEDA_VERSION = "2.21.0"
_MAJOR, _MINOR = KUBERNETES_VERSION.removeprefix("v").split(".")[:2]


@dataclass(frozen=True)
class Program:
    """One binary.

    Attributes:
        package: Go package to build; `.` is the module's own.
        variables: Link-time values of string variables (`-X`), which is where Go programs keep their version.
        links: Further names of the same binary, which dispatches on the name it was started under.
    """

    package: str
    variables: Mapping[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()

    @property
    def ldflags(self) -> str:
        """Link flags: no symbol table, no debug information, the variables."""
        return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.variables.items())])


@dataclass(frozen=True)
class GoModule:
    """Binaries that are built together from one go.mod.

    Attributes:
        name: Names the folder in the cache.
        programs: File name of the binary, and what it is built from.
        source: Folder with go.mod, beside this file; several may share one.
        static: Link without the C library, for binaries that run in an image of their own.
        data: What is copied beside the binaries, as pairs of module and folder in it.
    """

    name: str
    programs: Mapping[str, Program]
    source: str = ""
    static: bool = False
    data: tuple[tuple[str, str], ...] = ()

    @property
    def directory(self) -> Path:
        """Where go.mod lies."""
        return _HERE / (self.source or self.name)

    def key(self, directory: Path | None = None) -> str:
        """Sixteen hexadecimal digits that change with anything that changes a binary.

        Args:
            directory: Read the sources from here instead of from the module's own folder.
        """
        source = directory or self.directory
        digest = hashlib.sha256()
        for path in sorted([source / "go.mod", source / "go.sum", *source.glob("*.go")]):
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode() + content)
        for name, program in sorted(self.programs.items()):
            digest.update(f"{name} {program.package} {program.ldflags}\n".encode())
        for provider, folder in self.data:
            digest.update(f"data {provider} {folder}\n".encode())
        return digest.hexdigest()[:16]


KUBERNETES = GoModule(
    name="kubernetes",
    programs={
        "kube": Program(
            package=".",
            variables={
                "k8s.io/component-base/version.gitVersion": KUBERNETES_VERSION,
                "k8s.io/component-base/version.gitMajor": _MAJOR,
                "k8s.io/component-base/version.gitMinor": _MINOR,
                "k8s.io/component-base/version.gitTreeState": "clean",
            },
            links=(
                "etcd",
                "kube-apiserver",
                "kube-controller-manager",
                "kube-proxy",
                "kube-scheduler",
                "kubectl",
                "kubelet",
            ),
        ),
        "helm": Program(
            package="helm.sh/helm/v3/cmd/helm",
            variables={
                "helm.sh/helm/v3/internal/version.version": HELM_VERSION,
                "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": _MAJOR,
                "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": _MINOR,
                "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor": _MAJOR,
                "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor": _MINOR,
            },
        ),
    },
)

METRICS_SERVER = GoModule(
    name="metrics-server",
    programs={
        "metrics-server": Program(
            package="sigs.k8s.io/metrics-server/cmd/metrics-server",
            variables={"k8s.io/client-go/pkg/version.gitVersion": METRICS_SERVER_VERSION},
        )
    },
)

PAUSE = GoModule(name="pause", programs={"pause": Program(package=".")}, static=True)

# The controller's template and Lua code are files of its module; the nginx that runs them is the distribution's.
INGRESS_NGINX = GoModule(
    name="ingress-nginx",
    programs={
        "nginx-ingress-controller": Program(
            package="k8s.io/ingress-nginx/cmd/nginx",
            variables={"k8s.io/ingress-nginx/version.RELEASE": INGRESS_NGINX_VERSION},
        )
    },
    data=(("k8s.io/ingress-nginx", "rootfs/etc/nginx"),),
)

KUBECONFORM = GoModule(
    name="kubeconform",
    source="tools",
    programs={
        "kubeconform": Program(
            package="github.com/yannh/kubeconform/cmd/kubeconform", variables={"main.version": "v0.8.0"}
        )
    },
)

ACTIONLINT = GoModule(
    name="actionlint",
    source="tools",
    programs={"actionlint": Program(package="github.com/rhysd/actionlint/cmd/actionlint")},
)

VERSITYGW = GoModule(
    name="versitygw",
    programs={
        "versitygw": Program(
            package="github.com/versity/versitygw/cmd/versitygw", variables={"main.Version": "v1.8.0"}
        )
    },
    static=True,
)
"""A real S3 server, which tests run in a pod."""

_KEDA = "github.com/kedacore/keda/v2"
KEDA = GoModule(
    name="keda",
    programs={
        name: Program(package=f"{_KEDA}/cmd/{command}", variables={f"{_KEDA}/version.Version": KEDA_VERSION})
        for name, command in (("keda", "operator"), ("keda-adapter", "adapter"))
    },
    static=True,
    data=((_KEDA, "config"),),
)
"""What the burst benchmark runs beside warmpool, in pods; its manifests are files of its module."""

TOOLS: Mapping[str, GoModule] = {module.name: module for module in (KUBECONFORM, ACTIONLINT, VERSITYGW)}
