"""Reading a few numbers out of a page of Prometheus metrics, by a scan over its bytes.

A server of models easily shows 200 kB of them, twice a second and from every pod, of which two lines are wanted.
So the text is searched, not parsed. What is not there is unknown, which is not zero.
"""

from collections.abc import Iterable

MAX_COUNT = 2**53


def total(page: bytes, names: Iterable[str]) -> int | None:
    """Return the sum over all series of these metrics, None if one of them has none or no usable value."""
    sums = [_sum(page, name.encode()) for name in names]
    return None if None in sums else sum(value for value in sums if value is not None)


def _sum(page: bytes, name: bytes) -> int | None:
    found, value, start = False, 0.0, 0
    while (at := page.find(name, start)) >= 0:
        start = at + len(name)
        if at > 0 and page[at - 1 : at] != b"\n":
            continue  # in a comment, or the end of a longer name
        end = page.find(b"\n", at)
        line = page[start : end if end >= 0 else len(page)]
        if line[:1] == b"{":
            line = line[
                line.rfind(b"}") + 1 :
            ]  # a label's value may hold a brace, what follows the labels may not
        elif line[:1] not in (b" ", b"\t"):
            continue  # the beginning of a longer name
        number = _number(line)
        if number is None:
            return None
        found, value = True, value + number
    return round(value) if found else None


def _number(text: bytes) -> float | None:
    """Return the value in front of the optional timestamp; NaN, infinite and negative ones are none."""
    try:
        number = float(text.split()[0])
    except (IndexError, ValueError):
        return None
    return number if 0 <= number <= MAX_COUNT else None
