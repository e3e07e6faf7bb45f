"""Exit codes of `warmpool`, and the error that carries one."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script can tell apart."""

    OK = 0
    FAILED = 1
    """The cluster cannot be reached, refuses, or has no such pool."""
    USAGE = 2
    """Wrong arguments, or a file that is not a valid pool."""
    NOT_WARM = 3
    """`status --check`: a pool has fewer warm pods than its floor."""


class ConsoleError(Exception):
    """A command cannot go on.

    Args:
        message: what is wrong and what to do, without a full stop.
        code: exit code.
    """

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code
