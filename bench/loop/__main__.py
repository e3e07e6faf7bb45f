"""`python -m bench.loop [PART ...]`: run parts, add their figures to `bench/results/loop.json`.

`decide` and `tick` need no cluster. The others install the operator (image from `make images`) on a cluster whose
Services are reached from here: the embedded one. A part that ended is kept, whatever the next one does.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping

from bench.install import install
from bench.loop import demand, floor, leader, rollout, schedule, shrink
from bench.loop.bed import NAMESPACE
from bench.loop.deciding import decide_us_p50
from bench.loop.ticking import tick_figures
from bench.pools import Pools
from bench.results_file import add_results
from hack.cluster import select_backend
from hack.cluster.kubectl import Kubectl

NAME = "loop"
LOCAL: Mapping[str, Callable[[], dict[str, float]]] = {
    "decide": lambda: {"decide_us_p50": decide_us_p50()},
    "tick": tick_figures,
}
ON_CLUSTER: Mapping[str, Callable[[Pools], dict[str, float]]] = {
    "demand": demand.measure,
    "shrink": shrink.measure,
    "rollout": rollout.measure,
    "leader": leader.measure,
    "schedule": schedule.measure,
    "floor": floor.measure,
}
PARTS = (*LOCAL, *ON_CLUSTER)
REPEATS = demand.ROUNDS * demand.STEPS
"""Of the steps of demand; the other parts say in figures how often they did what."""


def main() -> int:
    """Run the parts that were named, all without names."""
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    chosen = parser.parse_args().parts or PARTS
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for part in (each for each in LOCAL if each in chosen):
        keep(LOCAL[part]())
    if parts := [each for each in ON_CLUSTER if each in chosen]:
        backend = select_backend()
        install(backend)
        bed = Pools(backend, Kubectl(backend), NAMESPACE)
        try:
            for part in parts:
                bed.begin()
                keep(ON_CLUSTER[part](bed), kubernetes=backend.status().version)
        finally:
            bed.end()
    return 0


def keep(figures: Mapping[str, float], **versions: str) -> None:
    """Write the figures of a part beside those of the others."""
    print(json.dumps(figures, indent=2), flush=True)
    add_results(NAME, figures, repeats=REPEATS, versions=versions)


if __name__ == "__main__":
    sys.exit(main())
