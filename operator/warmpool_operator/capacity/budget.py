"""How many pods one pool may have where all pools of a namespace share a ceiling.

First come, first served, and nothing is taken back: a pool may always keep what it has, and grow by what the
others leave. So the sum never rises above the ceiling, two pools cannot push each other to and fro, and a ceiling
that is lowered below what runs removes no warm pod; it only stops growth.
"""

from collections.abc import Iterable


def namespace_share(limit: int, *, own: int, others: Iterable[int | None]) -> int:
    """Return the most pods that a pool may have.

    Args:
        limit: pods that all pools of the namespace may have together.
        own: pods that this one asked for last.
        others: pods that the others asked for last; None for one that has not been read yet: until it has, nobody
            grows.
    """
    taken = list(others)
    if None in taken:
        return own
    return max(own, limit - sum(count for count in taken if count is not None))
