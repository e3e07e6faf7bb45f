"""`python -m bench.serving`: measure our server beside others, part by part, and write the results.

A run can be stopped at any time, or stop by itself after `--minutes`; the next one goes on. When nothing is
missing, figures and pictures are written.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bench.serving import cold, drain, overload, records, report, throughput
from bench.serving.systems import System, systems


class _Part(NamedTuple):
    """What is measured, of which systems (none named: of all), and how often."""

    measure: Callable[[System, int], dict[str, Any]]
    repetitions: int
    names: tuple[str, ...] = ()


PARTS = {
    "cold": _Part(cold.measure, cold.REPETITIONS, ("onnx", "st", "naive")),
    "throughput": _Part(throughput.measure, throughput.REPETITIONS),
    "overload": _Part(overload.measure, overload.REPETITIONS, ("onnx",)),
    "drain": _Part(drain.measure, drain.REPETITIONS, ("onnx",)),
}


def main() -> int:
    """Run the benchmark; return 0 when it is complete, 3 when something is left to measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after this (default: 60)")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    if options.fresh:
        records.FILE.unlink(missing_ok=True)
    until = time.monotonic() + 60 * options.minutes
    for name in options.parts or PARTS:
        measure(name, until)
    found = records.read()
    if any(_turns(found, name) for name in PARTS):
        print("something is left to measure: run it again to go on", flush=True)
        return 3
    print(report.write(found))
    return 0


def measure(name: str, until: float) -> None:
    """Measure what is missing of a part, until a moment of the monotonic clock."""
    servers = systems()
    for system, repetition in _turns(records.read(), name):
        if time.monotonic() > until:
            return
        began = time.monotonic()
        record = PARTS[name].measure(servers[system], repetition)
        records.write({"part": name, "system": system, "repetition": repetition, **record})
        print(f"{name} {system} {repetition}: {time.monotonic() - began:.0f} s", flush=True)


def _turns(found: list[records.Record], name: str) -> list[tuple[str, int]]:
    part = PARTS[name]
    return records.missing(found, name, part.names or tuple(systems()), part.repetitions)


if __name__ == "__main__":
    sys.exit(main())
