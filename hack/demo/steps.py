"""The steps that bring everything up. Each can be repeated, and says what to do where it fails."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from hack.cluster import Backend, ClusterError, Paths, select_backend
from hack.cluster.commands import run, show
from hack.cluster.images import image_store
from hack.cluster.kubectl import Kubectl, find_tool
from hack.demo.talk import Show
from warmpool_operator.api import names

ROOT = Path(__file__).parents[2]
OPERATOR_IMAGE = "warmpool/operator:dev"
SERVING_IMAGE = "warmpool/serving:dev"
RELEASE = "warmpool"
OPERATOR_NAMESPACE = "warmpool-system"
NAMESPACE = "default"
CRD = f"{names.PLURAL}.{names.GROUP}"
EXAMPLE = ROOT / "examples" / "minilm.yaml"


def cluster_up() -> Backend:
    """Bring up the cluster that this machine can offer."""
    backend = select_backend()
    backend.up()
    return backend


def build_images(backend: Backend) -> dict[str, str]:
    """Build the two images, make them available to pods, and return their ids by name."""
    # The model is exported outside of the image, so that torch never gets into a layer.
    bundle = ROOT / "build" / "bundles" / "minilm"
    show([sys.executable, "-m", "warmpool_serving.models.minilm", "--out", str(bundle)])
    store = image_store(Paths.from_environment())
    ids = {
        image: store.build(ROOT, tag=image, dockerfile=ROOT / f"Dockerfile.{name}", arguments={})
        for name, image in (("operator", OPERATOR_IMAGE), ("serving", SERVING_IMAGE))
    }
    backend.load(list(ids))
    return ids


def install_operator(backend: Backend, *, image_id: str) -> None:
    """Install the chart, or upgrade it; the image's id makes a rebuilt image of the same name roll out.

    It serves the demo's namespace alone: pools elsewhere may belong to another operator, such as that of a test.
    """
    repository, _, tag = OPERATOR_IMAGE.partition(":")
    argv = [find_tool(backend, "helm"), "--kubeconfig", str(backend.kubeconfig)]
    argv += ["upgrade", "--install", RELEASE, str(ROOT / "charts" / "warmpool")]
    argv += ["--namespace", OPERATOR_NAMESPACE, "--create-namespace"]
    argv += ["--set", f"image.repository={repository}", "--set", f"image.tag={tag},replicas=1"]
    argv += ["--set", "rbac.scope=namespace", "--set", f"watchNamespaces={{{NAMESPACE}}}"]
    argv += ["--set-string", f"podAnnotations.image-id={image_id.removeprefix('sha256:')[:12]}"]
    if not definition_is_owned(Kubectl(backend)):
        argv.append("--take-ownership")
    run([*argv, "--wait", "--timeout", "180s"], timeout=240)


def definition_is_owned(kubectl: Kubectl) -> bool:
    """Whether helm may write the CustomResourceDefinition as it is: it is absent, or the demo's release made it.

    If not, kubectl applied it; helm 3.17 and later can be told to take it over.

    Raises:
        ClusterError: another release made it.
    """
    listed = kubectl("get", "crd", CRD, "--ignore-not-found", "-o", "json")
    if not listed.strip():
        return True
    annotations = json.loads(listed)["metadata"].get("annotations", {})
    owner = tuple(annotations.get(f"meta.helm.sh/release-{key}") for key in ("namespace", "name"))
    if owner not in {(None, None), (OPERATOR_NAMESPACE, RELEASE)}:
        raise ClusterError(f"this cluster has warmpool already: release {owner[1]} in namespace {owner[0]}")
    return owner != (None, None)


def pool_name() -> str:
    """Name of the pool in the example."""
    name: str = yaml.safe_load(EXAMPLE.read_text())["metadata"]["name"]
    return name


def apply_pool(kubectl: Kubectl, show_line: Show) -> None:
    """Apply the example. One that is left from before goes first, so that a cold start is seen."""
    name = pool_name()
    if kubectl("get", "wmp", name, "-n", NAMESPACE, "--ignore-not-found", "-o", "name").strip():
        show_line(f"removing the pool {name} that is there from before")
        kubectl("delete", "wmp", name, "-n", NAMESPACE, "--cascade=foreground", "--timeout=120s", timeout=150)
    kubectl("apply", "-n", NAMESPACE, "-f", str(EXAMPLE))


def pool(kubectl: Kubectl) -> dict[str, Any]:
    """The pool as it is now."""
    return kubectl.get("wmp", pool_name(), "-n", NAMESPACE)


def require_dev_image(path: Path = EXAMPLE) -> None:
    """Check that the example runs the image that the demo builds.

    Raises:
        ClusterError: It names another one.
    """
    image = yaml.safe_load(path.read_text())["spec"]["server"]["image"]
    if image != SERVING_IMAGE:
        raise ClusterError(f"{path.name} runs the image {image}, but the demo builds {SERVING_IMAGE}")
