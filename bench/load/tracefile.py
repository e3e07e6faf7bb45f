"""Reads recorded traces: CSV with `arrived_at` (seconds) and `num_prefill_tokens`, as in microsoft/vidur."""

import csv
from pathlib import Path

from bench.load.schedule import Send

CONVERSATIONS = Path(__file__).parents[1] / "traces" / "azure-llm-2023-conv-30min.csv"
"""Half an hour of the Azure LLM inference trace 2023; its origin and licence are in `bench/traces/README.md`."""


class TraceError(ValueError):
    """A trace file that cannot be read, with the line that is wrong."""


def read_trace(path: Path = CONVERSATIONS) -> tuple[Send, ...]:
    """Return the requests of a trace in order of time.

    Raises:
        TraceError: a column is missing, a value is no number, or time runs backwards.
    """
    rows: list[Send] = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, line in enumerate(csv.DictReader(file), start=2):
            try:
                row = Send(float(line["arrived_at"]), int(line["num_prefill_tokens"]))
            except (KeyError, TypeError, ValueError) as error:
                wanted = "needs the numbers arrived_at and num_prefill_tokens"
                raise TraceError(f"{path.name}, line {number}: {wanted}") from error
            if rows and row.at < rows[-1].at:
                raise TraceError(f"{path.name}, line {number}: {row.at} s comes after {rows[-1].at} s")
            rows.append(row)
    return tuple(rows)
