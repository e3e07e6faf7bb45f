"""`python -m bench.images`: size, layers and start time of every image, beside a first Dockerfile.

Start time is from the creation of a pod until it is Ready, the image being on the node: sandbox, process, imports,
load, warm-up, and up to a second until the next probe. What a registry and a network add is the compressed size
divided by what they give.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from bench.images.size import Size, measure
from bench.images.variants import VARIANTS, Variant
from bench.results_file import RESULTS, write_results
from hack.cluster import Backend, Paths, select_backend
from hack.cluster.images import image_store
from hack.cluster.kubectl import Kubectl

NAMESPACE = "bench-images"
REPEATS = 5


def main() -> int:
    """Build, weigh, start; print the table and write the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__)
    parser.add_argument("variants", nargs="*", help="default: all; the others keep their figures")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="starts of each image")
    options = parser.parse_args()
    figures = _before()
    backend = select_backend()
    backend.up()
    for variant in VARIANTS:
        if not options.variants or variant.name in options.variants:
            size = build(variant)
            starts = ready_seconds(backend, variant, options.repeats)
            figures |= {
                f"{variant.name}_image_mib": size.image_mib,
                f"{variant.name}_compressed_mib": size.compressed_mib,
                f"{variant.name}_layers": size.layers,
                f"{variant.name}_ready_s": statistics.median(starts),
            }
            write_results("images", figures, repeats=options.repeats)
    print(table(figures))
    return 0


def build(variant: Variant) -> Size:
    """Build an image and weigh it."""
    context, dockerfile = variant.prepare()
    store = image_store(Paths.from_environment())
    store.build(context, tag=variant.tag, dockerfile=dockerfile, arguments=variant.arguments)
    with store.archive(variant.tag, present=frozenset()) as archive:
        return measure(Path(archive))


def ready_seconds(backend: Backend, variant: Variant, repeats: int) -> list[float]:
    """Seconds from the creation of a pod until it is Ready, several times; the first start is not counted."""
    backend.load([variant.tag])
    kubectl = Kubectl(backend)
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    seconds = []
    try:
        for _ in range(repeats + 1):
            began = time.monotonic()
            kubectl.apply(variant.pod(), namespace=NAMESPACE)
            kubectl("wait", "-n", NAMESPACE, f"pod/{variant.name}", "--for=condition=Ready", "--timeout=300s")
            seconds.append(time.monotonic() - began)
            kubectl("delete", "pod", variant.name, "-n", NAMESPACE, "--grace-period=0", "--force")
    finally:
        kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    return seconds[1:]


def table(figures: dict[str, float]) -> str:
    """Return the figures for people."""
    lines = [f"{'':8}{'MiB':>10}{'compressed':>12}{'layers':>8}{'ready after':>13}"]
    for variant in VARIANTS:
        if f"{variant.name}_image_mib" in figures:
            size, packed, layers, ready = (
                figures[f"{variant.name}_{key}"]
                for key in ("image_mib", "compressed_mib", "layers", "ready_s")
            )
            lines.append(f"{variant.name:8}{size:10.0f}{packed:12.0f}{layers:8.0f}{ready:11.1f} s")
    return "\n".join(lines)


def _before() -> dict[str, float]:
    path = RESULTS / "images.json"
    figures: dict[str, float] = json.loads(path.read_text())["figures"] if path.is_file() else {}
    return figures


if __name__ == "__main__":
    sys.exit(main())
