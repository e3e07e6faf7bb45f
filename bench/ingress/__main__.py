"""`python -m bench.ingress [PART ...]`: run parts, add their figures to the results, draw pictures.

The operator is installed (image from `make images`); the cluster must be one whose pods are reached from here: the
embedded one.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping

from bench.ingress import growth, pictures, table, trace, zero
from bench.ingress.bed import NAMESPACE, Bed
from bench.install import install
from bench.results_file import add_results
from hack.cluster import select_backend
from hack.cluster.embedded.modules import INGRESS_NGINX_VERSION
from hack.cluster.kubectl import Kubectl

NAME = "ingress"
TABLE_REPEATS = 2
ZERO_TRIALS = 50
ON_CLUSTER: Mapping[str, Callable[[Bed], dict[str, float]]] = {
    "table": lambda bed: table.measure(bed, repeats=TABLE_REPEATS),
    "growth": growth.measure,
    "zero": lambda bed: zero.measure(bed, trials=ZERO_TRIALS),
}
PARTS = ("trace", *ON_CLUSTER, "pictures")


def main() -> int:
    """Run the parts that were named, all without names."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingress", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    chosen = parser.parse_args().parts or PARTS
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    figures: dict[str, float] = {}
    if "trace" in chosen:
        figures |= trace.measure()
        write(figures)
    measured = [part for part in ON_CLUSTER if part in chosen]
    if measured:
        backend = select_backend()
        install(backend)
        bed = Bed(backend, Kubectl(backend), NAMESPACE, backend.ingress())
        try:
            for part in measured:
                bed.begin()
                figures |= ON_CLUSTER[part](bed)
                write(figures, kubernetes=backend.status().version)
        finally:
            bed.end()
    if "pictures" in chosen:
        pictures.draw()
    print(json.dumps(figures, indent=2))
    return 0


def write(figures: Mapping[str, float], **versions: str) -> None:
    """Write the figures beside those of parts that were run before."""
    with_controller = {"ingress-nginx": INGRESS_NGINX_VERSION, "nginx": "1.22.1", **versions}
    add_results(NAME, figures, repeats=TABLE_REPEATS, versions=with_controller)


if __name__ == "__main__":
    sys.exit(main())
