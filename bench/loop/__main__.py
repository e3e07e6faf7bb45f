"""`python -m bench.loop`: figures of the control loop, into `bench/results/loop.json`.

`--local` measures what needs no cluster: one step, and one tick of 100 pools with 20 pods each. Without it the
steps of `bench.reaction` are made too, on the cluster that is there and with the operator that is installed in
it.
"""

import argparse
import json
import sys

from bench.loop.deciding import STEPS, decide_us_p50
from bench.loop.ticking import tick_seconds
from bench.reaction.__main__ import STEPS as ROUND
from bench.reaction.__main__ import measure, percentile
from bench.results_file import write_results
from hack.cluster import select_backend


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__)
    parser.add_argument("--local", action="store_true", help="only what needs no cluster")
    parser.add_argument("--rounds", type=int, default=5, help=f"rounds of {ROUND} steps (default 5)")
    arguments = parser.parse_args()
    ticks = tick_seconds()
    figures = {
        "decide_us_p50": decide_us_p50(),
        "tick_s_p50_100x20": percentile([wall for wall, _ in ticks], 50),
        "tick_s_p99_100x20": percentile([wall for wall, _ in ticks], 99),
        "tick_cpu_s_p50_100x20": percentile([cpu for _, cpu in ticks], 50),
    }
    versions = {}
    repeats = len(ticks)
    if not arguments.local:
        backend = select_backend()
        bounds, replicas = measure(backend, rounds=arguments.rounds)
        versions["kubernetes"] = backend.status().version
        repeats = len(replicas)
        figures |= {
            "demand_to_hpa_s_p50": percentile(bounds, 50),
            "demand_to_hpa_s_p99": percentile(bounds, 99),
            "demand_to_write_s_p50": percentile(replicas, 50),
            "demand_to_write_s_p99": percentile(replicas, 99),
            "demand_to_write_s_max": max(replicas),
        }
    print(json.dumps(figures, indent=2), f"{STEPS} steps, {len(ticks)} ticks", sep="\n")
    if not arguments.local:
        print(write_results("loop", figures, repeats=repeats, versions=versions))
    return 0


if __name__ == "__main__":
    sys.exit(main())
