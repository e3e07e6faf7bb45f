"""How many tokens a batch on a device should have, found by computing ever larger ones at the start.

A device that waits for its host computes 512 tokens as fast as 16 384, and how many fill it depends on
device, model and precision: no table would know. Pure.
"""

from collections.abc import Callable
from typing import Final

LEAST: Final = 512
MOST: Final = 65_536
_GAIN: Final = 1.1
"""Times as many tokens per second that a batch of twice the size has to bring to be worth its wait."""


def find(seconds_of: Callable[[int], float], *, longest: float) -> int:
    """The largest batch worth having, in tokens. A single text may have more, and is then computed alone.

    Args:
        seconds_of: computes a batch of so many tokens and tells how long that took; infinite if it does not fit.
        longest: seconds a batch may take: a request that just missed one waits for all of it.
    """
    tokens, seconds = LEAST, seconds_of(LEAST)
    while 2 * tokens <= MOST:
        twice = seconds_of(2 * tokens)
        if twice > longest or 2 * seconds < _GAIN * twice:
            break
        tokens, seconds = 2 * tokens, twice
    return tokens
