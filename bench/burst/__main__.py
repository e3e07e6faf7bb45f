"""`python -m bench.burst`: run what is missing, in as many goes as it takes, and report."""

import argparse
import signal
import sys
import time
from contextlib import nullcontext

from bench.burst.bed import Bed
from bench.burst.measure import measure
from bench.burst.result import Result, append, read_all
from bench.burst.scenarios import SCENARIOS
from bench.burst.shared import FirstInLine
from bench.burst.sizing import sizes
from bench.burst.startups import ASSUMED, companies
from bench.burst.systems import SERVERS, SYSTEMS, can_be_told, system_in
from hack.cluster import ClusterError
from warmpool_operator.simulate.setup import Route

OVERHEAD_SECONDS = 100.0
"""Of a run at most, beside its traffic: pods to come, a first reading or a full minute, the namespace to go."""
MAX_VOIDS = 2
"""After so many void runs of the same kind no more are tried in one go."""


def main() -> int:
    """Run the command; return 1 if the cluster does not do what it should."""
    options = _parser().parse_args()
    # Ended from outside it still removes what it has applied.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return {"run": _run, "report": _report, "size": _size}[options.command](options)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    give_up_at = time.monotonic() + options.seconds
    bed = Bed(route=Route(options.route))
    if options.build:
        bed.build()
    bed.install(options.systems)
    with FirstInLine() if options.shared else nullcontext():
        _run_missing(bed, options, give_up_at)
    return 0


def _run_missing(bed: Bed, options: argparse.Namespace, give_up_at: float) -> None:
    voids = 0
    for seed in range(1, options.seeds + 1):
        for scenario_name in options.scenarios:
            for system_name in options.systems:
                scenario, system = SCENARIOS[scenario_name], system_in(system_name, scenario_name)
                if not can_be_told(system, scenario.change_at):
                    continue
                if _have(scenario_name, system_name, seed, options.route):
                    continue
                if time.monotonic() + scenario.seconds + OVERHEAD_SECONDS > give_up_at or voids > MAX_VOIDS:
                    print("the time of this go is over; run the same command again to go on")
                    return
                result = measure(bed, scenario, system, seed, shared=options.shared)
                append(result)
                voids += bool(result.void)
                print(line(result), flush=True)


def _have(scenario: str, system: str, seed: int, route: str) -> bool:
    wanted = scenario, system, seed, route
    return any(
        (each.scenario, each.system, each.seed, each.route) == wanted and not each.void for each in read_all()
    )


def line(result: Result) -> str:
    """Return a run in one line."""
    p99 = "-" if result.p99_s is None else f"{result.p99_s:.2f}"
    return (
        f"{result.scenario} {result.system} seed {result.seed}: errors {result.error_percent:.2f} %"
        f"  p99 {p99} s  pod-seconds {result.pod_seconds:.0f}  healthy after {result.time_to_healthy_s:.0f} s"
        f"  cpu {result.cpu_percent:.0f} % (own {result.own_cpu_percent or 0:.0f} %)  lag {result.lag_p99_s:.3f} s"
        f"  {result.statuses}  starts {result.startups_s}" + (f"  VOID: {result.void}" if result.void else "")
    )


def _report(options: argparse.Namespace) -> int:
    del options
    from bench.burst.report import report  # noqa: PLC0415 - draws, which a run need not load

    for text in report():
        print(text)
    return 0


def _size(options: argparse.Namespace) -> int:
    runs = [run for run in read_all() if not run.void and run.scenario not in SERVERS]
    runs = [run for run in runs if SYSTEMS[run.system].scaling is not None]
    startups = companies(runs) or ASSUMED
    for name in options.scenarios:
        for size in sizes(SCENARIOS[name], startups_s=startups, route=Route(options.route)):
            print(f"{name}: {size}", flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.burst", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run what is missing")
    run.add_argument("--scenarios", nargs="+", choices=sorted(SCENARIOS), default=["step"])
    usual = ["hpa_cpu", "static", "ours_b0", "ours"]
    run.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=usual)
    run.add_argument("--seeds", type=int, default=3, help="runs of each (default 3)")
    run.add_argument("--seconds", type=float, default=3600, help="start no run that would end later")
    run.add_argument(
        "--shared", action="store_true", help="others use this machine too: come first, and judge by own CPU"
    )
    run.add_argument("--build", action="store_true", help="build and load the images first")
    commands.add_parser("report", help="figures, pictures and the check of the simulator")
    size = commands.add_parser(
        "size", help="the cheapest pool for a scenario, by the simulator on other seeds"
    )
    pretended = sorted(SCENARIOS.keys() - SERVERS.keys())
    size.add_argument("--scenarios", nargs="+", choices=pretended, default=["ramp"])
    for command in (run, size):
        command.add_argument(
            "--route",
            choices=[Route.INGRESS.value, Route.SERVICE.value],
            default=Route.INGRESS.value,
            help="how clients reach pods (default: %(default)s, through ingress-nginx)",
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
