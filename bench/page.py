"""The benchmarks page: tables between two marks for each benchmark, so that text and figures cannot disagree."""

from collections.abc import Iterable
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def write_tables(name: str, tables: str) -> Path:
    """Replace what stands between the marks of a benchmark; return the path of the page.

    Args:
        name: of the benchmark's package, which the marks name.
        tables: Markdown.

    Raises:
        ValueError: the page has no such marks.
    """
    text = PAGE.read_text(encoding="utf-8")
    before, begin, rest = text.partition(f"<!-- begin: {name} -->")
    _, end, after = rest.partition(f"<!-- end: {name} -->")
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no marks for the tables of {name}")
    PAGE.write_text(f"{before}{begin}\n\n{tables}\n{end}{after}", encoding="utf-8")
    return PAGE


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
