"""Traffic from a recorded trace: CSV with `arrived_at` in seconds, as in microsoft/vidur."""

import csv
from collections.abc import Iterable

COLUMN = "arrived_at"
MAX_ARRIVALS = 5_000_000


class TrafficError(ValueError):
    """A trace that cannot be read, with the line that is wrong."""


def arrivals_of(lines: Iterable[str], *, faster: float = 1.0) -> tuple[int, ...]:
    """Return the arrivals in milliseconds since the first second of the trace, in order.

    Args:
        lines: of the CSV, the header first.
        faster: how many times faster than recorded.

    Raises:
        TrafficError: the column is missing, a value is no number, time runs backwards, or there is nothing.
    """
    arrivals: list[int] = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        try:
            at = round(float(row[COLUMN]) * 1000 / faster)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TrafficError(f"line {number}: needs the number {COLUMN}, seconds") from error
        if at < (arrivals[-1] if arrivals else 0):
            raise TrafficError(f"line {number}: {row[COLUMN]} s comes after a later request")
        if len(arrivals) == MAX_ARRIVALS:
            raise TrafficError(f"more than {MAX_ARRIVALS} requests; cut it")
        arrivals.append(at)
    if not arrivals:
        raise TrafficError(f"no request in it; it needs a header with {COLUMN} and one line per request")
    return tuple(arrivals)
