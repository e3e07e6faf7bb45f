"""`python -m bench.serving`: measure our server beside others, and write the results.

Everything is measured once, then everything again. A run can be stopped at any time, or stop by itself after
`--minutes`; the next one goes on. When nothing is missing, figures and pictures are written.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from bench.serving import cold, drain, overload, pairs, records, report, throughput
from bench.serving.systems import System, systems


class _Part(NamedTuple):
    """What is measured, of which systems (none named: of all), and how often."""

    measure: Callable[[System, int], dict[str, Any]]
    repetitions: int
    names: tuple[str, ...] = ()


PARTS = {
    "cold": _Part(cold.measure, cold.REPETITIONS, ("onnx", "st", "naive")),
    "throughput": _Part(throughput.measure, throughput.REPETITIONS),
    "pairs": _Part(pairs.measure, pairs.REPETITIONS, ("onnx", "int8", "st")),
    "overload": _Part(overload.measure, overload.REPETITIONS, ("onnx",)),
    "beside": _Part(overload.measure_beside, overload.REPETITIONS, ("onnx",)),
    "windows": _Part(overload.windows, 2, ("onnx",)),
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
    # A server that is left behind would disturb whatever is measured next.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    measure(options.parts or list(PARTS), until=time.monotonic() + 60 * options.minutes)
    found = records.read()
    if left := len(_turns(found, PARTS)):
        print(f"{left} turns are left to measure: run it again to go on", flush=True)
        return 3
    print(report.write(found))
    return 0


def measure(parts: Iterable[str], *, until: float) -> None:
    """Measure what is missing of some parts, until a moment of the monotonic clock."""
    servers = systems()
    for repetition, name, system in _turns(records.read(), parts):
        if time.monotonic() > until:
            return
        began = time.monotonic()
        record = PARTS[name].measure(servers[system], repetition)
        records.write({"part": name, "system": system, "repetition": repetition, **record})
        print(f"{name} {system} {repetition}: {time.monotonic() - began:.0f} s", flush=True)


def _turns(found: Sequence[records.Record], parts: Iterable[str]) -> list[tuple[int, str, str]]:
    done = {(record["repetition"], record["part"], record["system"]) for record in found}
    turns = [
        (repetition, name, system)
        for name in parts
        for system in PARTS[name].names or systems()
        for repetition in range(PARTS[name].repetitions)
    ]
    # Pairs come last: they are of the cells that the others leave in doubt.
    return [
        turn for turn in sorted(turns, key=lambda turn: (turn[1] == "pairs", turn[0])) if turn not in done
    ]


if __name__ == "__main__":
    sys.exit(main())
