"""`python -m bench.load`: send a schedule to an address and say what became of it."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from bench.load.client import Settings, replay
from bench.load.payload import embeddings
from bench.load.record import summarize, write_jsonl
from bench.load.schedule import Schedule, constant, ramp, step, trace
from bench.load.tracefile import CONVERSATIONS, read_trace

EPILOG = """schedules:
  constant:RATE:SECONDS            requests per second
  ramp:FIRST:LAST:SECONDS          from one rate to another
  step:RATE:SECONDS[:RATE:SECONDS] one rate after the other
  trace                            a recorded trace; see --begin, --seconds, --compression, --keep
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0 if it ran, 1 if the client fell behind, 2 if it could not run."""
    options = _parser().parse_args(argv)
    try:
        schedule = parse_schedule(options)
        settings = Settings(
            url=options.url,
            deadline=options.deadline,
            max_attempts=options.max_attempts,
            allow_any=options.allow_any,
        )
        run = asyncio.run(replay(schedule, settings, body=embeddings(options.model, seed=options.seed)))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    if options.records is not None:
        with options.records.open("w", encoding="utf-8") as file:
            write_jsonl(run.records, file)
    summary = summarize(run.records)
    sys.stdout.write(json.dumps(asdict(summary), indent=2) + "\n")
    if summary.fell_behind:
        sys.stderr.write("the client itself fell behind: its latencies say nothing about the server\n")
    return int(summary.fell_behind)


def parse_schedule(options: argparse.Namespace) -> Schedule:
    """Return the schedule that the command line asks for.

    Raises:
        ValueError: it cannot be read.
    """
    kind, *words = options.schedule.split(":")
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"{options.schedule!r}: rates and seconds are numbers") from error
    shape = (kind, len(numbers))
    if shape == ("constant", 2):
        return constant(numbers[0], numbers[1], tokens=options.tokens, seed=options.seed)
    if shape == ("ramp", 3):
        return ramp(*numbers, tokens=options.tokens, seed=options.seed)
    if kind == "step" and numbers and len(numbers) % 2 == 0:
        return step(zip(numbers[::2], numbers[1::2], strict=True), tokens=options.tokens, seed=options.seed)
    if shape == ("trace", 0):
        return trace(
            read_trace(options.trace),
            begin=options.begin,
            seconds=options.seconds,
            compression=options.compression,
            keep=options.keep,
            max_tokens=options.tokens,
            seed=options.seed,
        )
    raise ValueError(f"{options.schedule!r} is no schedule; see --help")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load",
        description="Open-loop load: each request at its own time.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("url", help="where to, for example http://127.0.0.1:8080/v1/embeddings")
    add("schedule", help="what to send: see below")
    add("--model", default="all-MiniLM-L6-v2", help="model name in the requests (default: %(default)s)")
    add("--tokens", type=int, default=32, help="length of a text; of a trace, the longest (default: 32)")
    add("--seed", type=int, default=0, help="of arrivals and texts (default: 0)")
    add("--deadline", type=float, default=10.0, help="seconds until a request is given up (default: 10)")
    add("--max-attempts", type=int, default=1, help="retry 429 and 503 up to this (default: 1, never)")
    add("--records", type=Path, help="write one JSON object per request to this file")
    add("--allow-any", action="store_true", help="let load go beyond this machine and its test cluster")
    add("--trace", type=Path, default=CONVERSATIONS, help="CSV with arrived_at and num_prefill_tokens")
    add("--begin", type=float, default=0.0, help="first second of the cut (default: 0)")
    add("--seconds", type=float, default=60.0, help="length of the cut, in its own time (default: 60)")
    add("--compression", type=float, default=1.0, help="how many times faster (default: 1)")
    add("--keep", type=float, default=1.0, help="share of requests that is kept (default: 1)")
    return parser
